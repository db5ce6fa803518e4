"""Supply: one plan of making, buying and moving that meets demand within every limit, and its prices."""
