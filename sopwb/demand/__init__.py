"""What will be asked for: clean history, baseline, activities, manual forecasts and their consensus."""
