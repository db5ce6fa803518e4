"""The messages of the built-in pages, one module for each review meeting."""
