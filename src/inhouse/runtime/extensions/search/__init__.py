"""Search for fresh information: a search engine outside, or feeds that were read before."""
