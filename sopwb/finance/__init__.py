"""Finance: the plan in money, and money steering the plan."""
