"""The public API: OpenAI's shapes over the same turns as the pages."""
