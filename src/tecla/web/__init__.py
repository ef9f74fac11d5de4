"""The studio: the workbench behind a web page. It adds no music of its own."""
