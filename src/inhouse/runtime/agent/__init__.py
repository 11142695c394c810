"""Using tools: choosing one, making its arguments, answering with what it brought."""
