"""Pictures: layouts and SVG as functions of values, with every text escaped."""
