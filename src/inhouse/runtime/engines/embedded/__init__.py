"""The embedded engine: llama.cpp in a supervised child process, with a scheduler of our own."""
