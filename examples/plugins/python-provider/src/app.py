"""What the host calls: a model provider whose one model is `eliza`. The conversation is in `eliza`."""

import re

import componentize_py_async_support
import wit_world
from componentize_py_async_support.futures import FutureReader, FutureWriter
from componentize_py_async_support.streams import StreamReader, StreamWriter
from componentize_py_types import Err, Ok, Result
from wit_world import exports
from wit_world.imports.chat_types import (
    ChatError,
    ChatRequest,
    Delta,
    Delta_Text,
    Finish,
    ModelInfo,
    Part_Text,
    ProviderDefinition,
    Usage,
)

import eliza

MODEL = "eliza"

End = Result[Finish, ChatError]


class Provider(exports.Provider):
    def list_providers(self) -> list[ProviderDefinition]:
        return [ProviderDefinition("weizenbaum", "Weizenbaum", "ELIZA, which answers without a network.", None)]

    async def list_models(self, provider: str) -> list[ModelInfo]:
        return [ModelInfo(MODEL, "ELIZA", None, [])]

    async def chat(self, provider: str, request: ChatRequest) -> tuple[StreamReader[Delta], FutureReader[End]]:
        if request.model != MODEL:
            message = f"there is no model {request.model!r}; the one there is, is {MODEL!r}"
            raise Err(ChatError("not-found", message, False, None))
        said = [text for message in request.messages if message.role == "user" for text in texts(message.parts)]
        deltas, pieces = wit_world.chat_types_delta_stream()
        ended, end = wit_world.result_chat_types_finish_chat_types_chat_error_future(unfinished)
        componentize_py_async_support.spawn(answer(eliza.reply(said), len(said), deltas, ended))
        return pieces, end


def texts(parts: list) -> list[str]:
    return [part.value for part in parts if isinstance(part, Part_Text)]


async def answer(text: str, asked: int, deltas: StreamWriter[Delta], ended: FutureWriter[End]) -> None:
    """Word by word, as models do."""
    words = re.findall(r"\S+\s*", text)
    with deltas:
        for word in words:
            await deltas.write_all([Delta_Text(word)])
    with ended:
        await ended.write(Ok(Finish("stop", Usage(asked, len(words), []), None)))


def unfinished() -> End:
    return Err(ChatError("internal", "the answer was not finished", False, None))
