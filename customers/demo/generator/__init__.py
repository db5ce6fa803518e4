"""The modules that make the tables of the demo customer, one subject each."""
