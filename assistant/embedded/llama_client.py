"""What is asked of the embedded language model's server beside questions: whether it serves, and its prompt states."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class LlamaClient:
    """A client of a llama.cpp server on this machine.

    Attributes:
        address: any URL of the server; its host and port count.
        api_key: the key that the server takes.
        timeout_seconds: longest silence of the server.
    """

    address: str
    api_key: str
    timeout_seconds: float

    def send(self, path: str, body: object = None) -> None:
        """Get a path, or post a body to it as JSON, and wait until the reply is whole.

        Raises:
            OSError: the server does not answer, or not with HTTP 200.
        """
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=self.timeout_seconds)
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        try:
            connection.request(
                "GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers
            )
            response = connection.getresponse()
            text = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{path}: {error!r}") from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ConnectionError(f"{path}: HTTP {response.status}: {text[:200]!r}")
