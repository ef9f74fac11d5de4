"""One line at a time: singing, whistling, or any instrument that plays single notes."""
