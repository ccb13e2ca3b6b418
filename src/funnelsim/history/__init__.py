"""A history of deals: what it says of the future, and how well it would have said it before."""
