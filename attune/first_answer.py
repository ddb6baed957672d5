"""Whether everything answers: one token through the gateway, and the chat's page."""

import aiohttp

_BODY = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}


async def first_answer(gateway_url: str, chat_url: str, key: str) -> str | None:
    """Asks the gateway for one token and the chat for its page.

    Returns:
        Why there is no answer yet, in a few words; None if both answered.
    """
    timeout = aiohttp.ClientTimeout(total=60)
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            async with session.post(f"{gateway_url}/v1/chat/completions", json=_BODY, headers=headers) as answer:
                if answer.status != 200:
                    return f"{answer.status} {(await answer.text())[:200]}"
            async with session.get(chat_url) as page:
                return None if page.status == 200 else f"the chat answers {page.status}"
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return str(error) or type(error).__name__
