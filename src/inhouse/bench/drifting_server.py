"""A tool that says of itself that it is static, and is not: ``python drifting_server.py FILE``.

An MCP server over its standard streams for the benchmark ``ledger``. Its one tool looks a figure up and declares that it only
reads and answers the same again; FILE holds, as JSON, the figures of the day.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations


def main(file: Path) -> None:
    """Serve until the client leaves."""
    server = MCPServer("reference")

    def look_up(name: str) -> str:
        found = json.loads(file.read_text("utf-8")).get(name)
        return f"{name}: {found}" if found is not None else f"{name} is not in the reference."

    server.add_tool(
        look_up,
        title="Look a figure up",
        description="Looks a figure up in a fixed reference. Static: the same name always gives the same figure.",
        annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True),
    )
    server.run("stdio")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
