"""Any MCP server as an extension, over its standard streams or streamable HTTP, through the official SDK."""
