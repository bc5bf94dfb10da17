// Reads {jwks, tokens} on stdin and prints one verdict for each token: null when npm `jose` takes the
// header and the signature, else the name of its error.
import { compactVerify, createLocalJWKSet } from 'jose'

let input = ''
for await (const chunk of process.stdin) input += chunk
const { jwks, tokens } = JSON.parse(input)
const keys = createLocalJWKSet(jwks)

const verdicts = []
for (const token of tokens) {
  try {
    await compactVerify(token, keys, { algorithms: ['ES256'] })
    verdicts.push(null)
  } catch (error) {
    verdicts.push(error.code ?? error.name)
  }
}
console.log(JSON.stringify(verdicts))
