"""A report as one page that needs nothing else: charts as SVG, sounds and styles inside."""
