"""Federated learning that is carried out and measured: Flower as the engine, our worker in each client."""
