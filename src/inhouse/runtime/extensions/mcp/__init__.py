"""Any MCP server as an extension, over its standard streams or streamable HTTP, through the official SDK."""

from inhouse.runtime.extensions.mcp.extension import McpExtension
from inhouse.runtime.extensions.mcp.servers import HttpServer, Server, StdioServer

__all__ = ["HttpServer", "McpExtension", "Server", "StdioServer"]
