/** What is missing about a connection, as a Failure that says what to do. Nothing has left when one is made before a call. */
import type { Slot } from '../../domain/connection.ts'
import type { Failure } from '../../domain/failure.ts'

type NotConnected = Extract<Failure, { kind: 'not-connected' }>
type AuthExpired = Extract<Failure, { kind: 'auth-expired' }>

const NOT_SENT = { sent: 'no' }

export function notConnected(name: string): NotConnected {
  const shown = name.slice(0, 64)
  return {
    kind: 'not-connected',
    setting: shown,
    message: `There is no connection “${shown}”. Nothing was sent. Add it with: steward connections add ${shown} --kind http --host HOST`,
    detail: NOT_SENT,
  }
}

/** What somebody posts cannot be proven to be theirs. */
export function noWebhookSecret(name: string): NotConnected {
  const shown = name.slice(0, 64)
  return {
    kind: 'not-connected',
    setting: shown,
    message: `There is no connection “${shown}” with the secret of a webhook. Nothing was taken in. Add it with: steward connections add ${shown} --kind webhook`,
  }
}

const SLOT_WORDS: Readonly<Record<Slot, { what: string; kinds: string }>> = {
  search: { what: 'No search provider is connected', kinds: 'searxng, brave or tavily' },
  model: { what: 'No model is connected', kinds: 'model' },
}

export function slotEmpty(slot: Slot): NotConnected {
  const { what, kinds } = SLOT_WORDS[slot]
  return {
    kind: 'not-connected',
    setting: slot,
    message: `${what}. Nothing was sent. Connect one with: steward connections add ${slot} --kind KIND, where KIND is ${kinds}`,
    detail: NOT_SENT,
  }
}

/** The remote has said no to the credential, so it did nothing. */
export function refusedBy(name: string, host: string, status: number): AuthExpired {
  return {
    kind: 'auth-expired',
    connection: name,
    message: `${host} answered ${status}: it did not accept the credential of “${name}”. Nothing was done. Replace it with: steward connections add ${name}`,
    detail: { status, host },
  }
}
