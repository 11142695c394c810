"""The pages, one module a group. Each translates a request to a call of a service, and what comes back to a page."""
