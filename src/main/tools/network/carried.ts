/** What a credential changes about a request and its answer: what is sent to its own origins, and what is masked in all that comes back. */
import { FailureError, isFailureError, type Failure } from '../../../domain/failure.ts'
import { Credential } from '../../connections/credential.ts'
import type { HttpAnswer, HttpRequest } from './message.ts'
import type { Target } from './target.ts'

export function credentialOf({ credential }: HttpRequest, target: Target): Credential | null {
  if (credential === undefined) return null
  if (credential instanceof Credential) return credential
  const headers = { [credential.name.toLowerCase()]: credential.value }
  return new Credential({
    connection: target.host,
    origins: [target.url.origin],
    attachment: { headers },
    secrets: [],
  })
}

/** The target as it goes over the wire; everywhere else it is known without what the credential adds. */
export function addressed(target: Target, credential: Credential | null): Target {
  return credential === null ? target : { ...target, url: credential.addressFor(target.url) }
}

/** What a remote says back of a credential reaches nobody: not the script, the journal, a message or a log. */
export async function hiding(credential: Credential, work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    const answer = await work()
    const headers = Object.entries(answer.headers)
    return {
      ...answer,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, credential.hideInText(value)])),
      url: credential.hideInText(answer.url),
      body: credential.hideInBytes(answer.body),
      redirects: answer.redirects.map(address => credential.hideInText(address)),
    }
  } catch (error) {
    throw isFailureError(error) ? new FailureError(hidden(error.failure, credential)) : error
  }
}

function hidden(failure: Failure, credential: Credential): Failure {
  const message = credential.hideInText(failure.message)
  return failure.detail === undefined
    ? { ...failure, message }
    : { ...failure, message, detail: credential.hideInJson(failure.detail) }
}
