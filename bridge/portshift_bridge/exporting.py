"""An identity as a signed in-toto Statement in a DSSE envelope."""

from __future__ import annotations

from typing import Any

from portshift.core.identity import cluster_audience
from portshift.core.jose import raw_to_der
from portshift.core.statement import PAYLOAD_TYPE, Signature, envelope, identity_statement, pae
from portshift.core.token import verify_token
from portshift_bridge.services import Keys
from portshift_bridge.store.installation import Installation
from portshift_bridge.store.records import KeptIdentity


def export_statement(kept: KeptIdentity, *, keys: Keys, installation: Installation) -> dict[str, Any]:
    """The facts of the identity's token, signed with the present key; the token is verified first.

    Raises:
        NotVerified: the identity is revoked, or its token's key is distrusted.
        InvalidInput: no registry knows any of its images, so the statement would be about nothing.
        SignerUnavailable: the signing key's place did not sign.

    """
    verified = verify_token(
        kept.token,
        keys=keys.key_set(),
        issuer=installation.issuer,
        trust_domain=installation.trust_domain,
        audiences=(cluster_audience(kept.cluster),),
        path=kept.workload.path,
        revoked=() if kept.revocation is None else (kept.id,),
    )
    statement = identity_statement(verified)
    signer = keys.signer()
    (signature,) = signer.sign_all([pae(PAYLOAD_TYPE, statement)])
    signed = Signature(signer.signing_kid, raw_to_der(signature))
    return envelope(PAYLOAD_TYPE, statement, [signed])
