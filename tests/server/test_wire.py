"""What clients find beside the answers: hints at addresses and methods, names of ignored fields, tokens, lengths."""

from pathlib import Path

import pytest

from ledger import versions
from tests.server.conftest import Gateway, eventually


async def test_an_ignored_field_is_named_in_a_header_and_the_rest_is_answered(gateway: Gateway) -> None:
    answer = await gateway.ask(verbosity="low", **{"odd\nname: x": 1})
    assert answer.status_code == 200
    assert answer.headers["x-attune-ignored"] == "verbosity, odd?name??x"
    sent = gateway.engine.received[-1].body
    assert not {"verbosity", "odd\nname: x"} & sent.keys()
    assert "x-attune-ignored" not in (await gateway.ask()).headers


async def test_safety_identifier_names_the_person_where_nothing_else_does(gateway: Gateway) -> None:
    alone = await gateway.ask(safety_identifier="ada")
    assert gateway.stored(alone.json()["id"], user="ada")
    both = await gateway.ask(safety_identifier="ada", user="bob")
    assert gateway.stored(both.json()["id"], user="bob")


@pytest.mark.parametrize("path", ["/chat/completions", "/models"])
async def test_a_base_url_without_v1_is_told_so(gateway: Gateway, path: str) -> None:
    answer = await gateway.http.post(path, json={})
    assert answer.status_code == 404
    assert f"There is /v1{path}: the base URL of a client ends in /v1." in answer.json()["error"]["message"]


async def test_another_method_is_told_which_ones_there_are(gateway: Gateway) -> None:
    answer = await gateway.http.put("/v1/conversations/conv_1", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, POST"
    assert "DELETE and GET and POST" in answer.json()["error"]["message"]


async def test_a_compressed_body_is_refused_as_such(gateway: Gateway) -> None:
    answer = await gateway.http.post("/v1/chat/completions", content=b"x", headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_encoding")


async def test_vllm_s_small_routes_are_there(gateway: Gateway) -> None:
    assert (await gateway.http.get("/health")).status_code == 200
    assert (await gateway.http.get("/ping")).status_code == 200
    assert (await gateway.http.get("/version")).json()["version"]
    models = (await gateway.http.get("/v1/models")).json()["data"]
    assert [(model["id"], model["max_model_len"]) for model in models] == [("attune", 4096), ("attune@v1", 4096)]


async def test_an_engine_that_does_not_say_its_length_is_listed_without(gateway: Gateway) -> None:
    gateway.engine.model = "another"
    models = (await gateway.http.get("/v1/models")).json()["data"]
    assert [model["max_model_len"] for model in models] == [None, None]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"temperature": 0.6, "top_p": 0.95, "top_k": 20}', {"temperature": 0.6, "top_p": 0.95}),
        ('{"temperature": null, "eos_token_id": 2}', {"temperature": 1.0, "top_p": 1.0}),
        (None, {"temperature": 1.0, "top_p": 1.0}),
        ('{"temperature": "hot"}', None),
        ("[]", None),
    ],
)
async def test_models_say_how_they_sample(
    gateway: Gateway, tmp_path: Path, said: str | None, expected: dict[str, float] | None
) -> None:
    (tmp_path / "config.json").write_text("{}")
    if said is not None:
        (tmp_path / "generation_config.json").write_text(said)
    with gateway.database.write() as connection:
        versions.register_base(connection, path=str(tmp_path), sha256="a" * 64)
    poller = gateway.app.state.context.poller
    await eventually(lambda: poller.current.bases[1] == str(tmp_path))
    models = (await gateway.http.get("/v1/models")).json()["data"]
    assert [model["default_sampling"] for model in models] == [expected, expected]


async def test_a_model_of_another_machine_does_not_say_how_it_samples(gateway: Gateway) -> None:
    assert (await gateway.http.get("/v1/models/attune")).json()["default_sampling"] is None


async def test_a_key_with_a_rate_is_told_where_it_stands(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(requests_per_minute=3)) as limited:
        left = [(await limited.get("/v1/models")).headers for _ in range(2)]
    assert [headers["x-ratelimit-remaining-requests"] for headers in left] == ["2", "1"]
    assert left[0]["x-ratelimit-limit-requests"] == "3"
    assert 1 <= int(left[0]["x-ratelimit-reset-requests"].removesuffix("s")) <= 60
    assert "x-ratelimit-limit-requests" not in (await gateway.http.get("/v1/models")).headers


async def test_an_unknown_parameter_of_a_query_is_named(gateway: Gateway) -> None:
    answer = await gateway.http.get("/v1/feedback", params={"limit": 5, "usr": "ada", "user": "ada"})
    assert (answer.status_code, answer.headers["x-attune-ignored"]) == (200, "usr")


async def test_an_answer_is_found_and_erased_by_the_key_that_made_it(gateway: Gateway) -> None:
    address = f"/v1/chat/completions/{(await gateway.ask(user='ada')).json()['id']}"
    async with gateway.client(user="bob") as bob, gateway.client(gateway.make_key()) as another_key:
        assert [(await client.get(address)).status_code for client in (bob, another_key)] == [404, 404]
        assert (await another_key.delete(address)).status_code == 404
    assert (await gateway.http.get(address)).json()["id"] in address
    assert (await gateway.http.delete(address)).status_code == 200
    assert (await gateway.http.get(address)).status_code == 404


async def test_a_key_reads_what_it_posted_for_its_users(gateway: Gateway) -> None:
    async with gateway.client(gateway.make_key(owner="shop", scopes=("inference", "feedback"))) as app:
        for user in ("ada", "bob"):
            body = {"model": "attune", "messages": [{"role": "user", "content": "x"}], "user": user}
            completion_id = (await app.post("/v1/chat/completions", json=body)).json()["id"]
            await app.post("/v1/feedback", json={"completion_id": completion_id, "value": 1, "user": user})
        everyone, ada, nobody = [
            [row["user"] for row in (await app.get("/v1/feedback", params=params)).json()["data"]]
            for params in ({}, {"user": "ada"}, {"user": "eve"})
        ]
    assert (everyone, ada, nobody) == (["bob", "ada"], ["ada"], [])
    async with gateway.client(gateway.make_key(owner="other", scopes=("feedback",))) as other:
        assert (await other.get("/v1/feedback", params={"user": "ada"})).json()["data"] == []
