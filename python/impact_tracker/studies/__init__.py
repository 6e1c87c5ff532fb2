"""Studies: experiments and simulations that answer a question about energy before, or after, a model is trained."""
