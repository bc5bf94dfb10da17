from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidMessage
from portshift.core.identity import Build, PlannedImage, Workload
from portshift.core.wire import (
    ImageRequest,
    ImageResult,
    Intent,
    Outcome,
    RegistrationRequest,
    RegistrationResponse,
    Release,
    WorkloadRequest,
    WorkloadResult,
)

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
MAYBE = st.none() | TEXTS
WORKLOADS = st.builds(
    Workload, group=st.just("") | TEXTS, kind=TEXTS, namespace=st.just("") | TEXTS, name=TEXTS
)
REQUESTS = st.builds(
    RegistrationRequest,
    workloads=st.lists(
        st.builds(
            WorkloadRequest,
            workload=WORKLOADS,
            images=st.lists(st.builds(ImageRequest, name=TEXTS, reference=TEXTS), max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    release=st.builds(Release, name=MAYBE, namespace=MAYBE, chart=MAYBE),
    intent=st.sampled_from(Intent),
    cluster=MAYBE,
    environment=MAYBE,
    pin=st.booleans(),
)
IMAGES = st.builds(
    PlannedImage,
    name=TEXTS,
    reference=TEXTS,
    digest=MAYBE,
    children=st.lists(TEXTS, max_size=2).map(tuple),
    artifact=MAYBE,
    build=st.none() | st.builds(Build, name=TEXTS, number=TEXTS),
)
RESPONSES = st.builds(
    RegistrationResponse,
    registration=TEXTS,
    workloads=st.lists(
        st.builds(
            WorkloadResult,
            id=MAYBE,
            token=MAYBE,
            images=st.lists(
                st.builds(ImageResult, image=IMAGES, outcome=st.sampled_from(Outcome), reason=MAYBE),
                max_size=3,
            ).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["workloads", "images", "name", "release", "intent", "registration", "build"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(REQUESTS)
def test_a_request_reads_back(request_: RegistrationRequest) -> None:
    assert RegistrationRequest.from_json(json.loads(json.dumps(request_.to_json()))) == request_


@given(RESPONSES)
def test_a_response_reads_back(response: RegistrationResponse) -> None:
    assert RegistrationResponse.from_json(json.loads(json.dumps(response.to_json()))) == response


@pytest.mark.parametrize("message", [RegistrationRequest, RegistrationResponse])
@given(value=JSON)
def test_garbage_is_an_invalid_message_and_nothing_else(
    message: type[RegistrationRequest | RegistrationResponse], value: Any
) -> None:
    try:
        read = message.from_json(value)
    except InvalidMessage:
        return
    assert message.from_json(read.to_json()) == read
