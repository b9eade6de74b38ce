"""What the official Python client makes of `portcullis serve`.

    client.py APPEARS FOLDER http URL                 with the token in MCP_TOKEN
    client.py APPEARS FOLDER stdio COMMAND ARGUMENT…

FOLDER is the one that is served. While the client is connected, the plugin APPEARS is put there.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult, ToolListChangedNotification

# Each wait ends well before it, unless something is broken.
PATIENCE = 30


async def main(appears: Path, folder: Path, kind: str, where: list[str]) -> None:
    # With the handshake of all older revisions, and with what replaces it in the newest.
    for mode in ("legacy", "auto"):
        (folder / appears.name).unlink(missing_ok=True)
        async with asyncio.timeout(PATIENCE):
            if kind == "stdio":
                version = await check(StdioServerParameters(command=where[0], args=where[1:]), mode, appears, folder)
            else:
                headers = {"authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
                async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE) as http:
                    transport = streamable_http_client(where[0], http_client=http)
                    version = await check(transport, mode, appears, folder)
        print(f"  {kind}, {version}: listed, called, asked, followed, cancelled, told of a change")


async def check(server, mode: str, appears: Path, folder: Path) -> str:
    changed = asyncio.Event()

    async def hear(message) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed.set()

    async with Client(server, mode=mode, message_handler=hear, elicitation_callback=answer) as client:
        names = await tools(client)
        await calls(client, names)
        await asks(client, names)
        await follows(client, names)
        await cancels(client, names)
        await sees(client, changed, appears, folder)
        return client.protocol_version


async def tools(client: Client) -> dict[str, str]:
    """The names by which the plugin's own are there."""
    listed = (await client.list_tools()).tools
    assert all(tool.description and tool.input_schema["type"] == "object" for tool in listed), listed
    return {tool.name.rpartition("__")[2]: tool.name for tool in listed}


async def calls(client: Client, names: dict[str, str]) -> None:
    text, image, resource = (await client.call_tool(names["test_multiple_content_types"])).content
    assert text.text == "Multiple content types test:", text
    assert image.mime_type == "image/png" and image.data, image
    assert resource.resource.uri == "test://mixed-content-resource", resource
    failed = await client.call_tool(names["test_error_handling"])
    assert failed.is_error and "intentionally" in failed.content[0].text, failed


async def answer(_context, params: ElicitRequestParams) -> ElicitResult:
    assert params.message.endswith("Who is there?"), params
    return ElicitResult(action="accept", content={"username": "ada", "email": "ada@example.org"})


async def asks(client: Client, names: dict[str, str]) -> None:
    answered = await client.call_tool(names["test_elicitation"], {"message": "Who is there?"})
    assert "username: ada" in answered.content[0].text, answered


async def follows(client: Client, names: dict[str, str]) -> None:
    heard = []

    async def hear(progress: float, total: float | None, _message: str | None) -> None:
        heard.append((progress, total))

    await client.call_tool(names["test_tool_with_progress"], progress_callback=hear)
    assert heard == [(0, 100), (50, 100), (100, 100)], heard


async def cancels(client: Client, names: dict[str, str]) -> None:
    at_work = asyncio.Event()

    async def hear(*_progress) -> None:
        at_work.set()

    call = asyncio.create_task(client.call_tool(names["test_cancellation"], progress_callback=hear))
    await at_work.wait()
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled(), call
    await client.call_tool(names["test_simple_text"])


async def sees(client: Client, changed: asyncio.Event, appears: Path, folder: Path) -> None:
    async def appear(change) -> None:
        # It was taken away just before this client came: the server may tell of that first.
        while "greet" in await tools(client):
            await change()
        shutil.copy(appears, folder)
        while "greet" not in await tools(client):
            await change()

    async def next_change() -> None:
        await changed.wait()
        changed.clear()

    if client.protocol_version < "2026-07-28":
        await appear(next_change)
    else:
        async with client.listen(tools_list_changed=True) as events:
            changes = aiter(events)
            await appear(lambda: anext(changes))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
