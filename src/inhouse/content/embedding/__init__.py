"""Texts to vectors: a model in a child process, any OpenAI-compatible endpoint, or a fake for tests."""
