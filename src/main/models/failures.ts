/** What can go wrong with a request to a model, as a Failure made where it is seen, with what it may have cost. */
import { visibleText } from '../../domain/approval.ts'
import { FailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import { TOO_LONG } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import type { ModelRole } from '../../domain/model.ts'
import type { Said } from './said.ts'

/** What is asked, as messages name it. */
export interface Asking {
  readonly role: ModelRole
  readonly connection: string
  readonly model: string
  readonly host: string
}

/** none: it was refused before there was an answer · unknown: the other side may have done its work. */
export type MayCost = 'none' | 'unknown'

/**
 * What a request could be made without · thought: what was given back · no-thought: what was not · room: so long an
 * answer, from this model · rest: so long an answer, beside so much that is sent.
 */
export type Refused = 'temperature' | 'thought' | 'no-thought' | 'room' | 'rest' | 'something'

/** One try of one request that came to nothing. */
export class TryFailed extends FailureError {
  readonly mayCost: MayCost
  readonly mayTryAgain: boolean
  /** All that the refusal may be about. */
  readonly refused: readonly Refused[]
  /** Numbers that the refusal names: a limit may be among them. */
  readonly named: readonly number[]

  constructor(
    failure: Failure,
    mayCost: MayCost,
    mayTryAgain: boolean,
    refused: readonly Refused[] = [],
    named: readonly number[] = [],
  ) {
    super(failure)
    this.named = named
    this.mayCost = mayCost
    this.mayTryAgain = mayTryAgain
    this.refused = refused
  }
}

/** The provider did not accept the key. */
export class KeyRefused extends Error {
  readonly status: number

  constructor(status: number) {
    super('the key was refused')
    this.status = status
  }
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const SAYS_TOO_LONG =
  /context[ _-]?(length|window)|maximum context|prompt is too long|input is too long|too many (input )?tokens|token count.{0,40}exceed|exceeds? the maximum number of tokens/i
const OF_ANSWER =
  /max[ _]?(completion_|output_|new_)?tokens|max_?output_?tokens|completion tokens|output tokens/i
const TOO_MUCH =
  /too (large|high|big|many|long)|at most|maximum|range|less than or equal|greater than|exceed|[<>]|\blimit/i
const NOT_TOO_MUCH = /with higher|unsupported parameter|not supported with this model/i
const WITH_WHAT_IS_SENT = /context[ _-]?(length|limit)|inputs?`? (length|tokens)/i
/** Where one may pay is named by providers in every other refusal, too. */
const NO_CREDIT =
  /insufficient[_ ]quota|insufficient[_ ](credits?|funds|balance)|credit balance|billing_(not_active|hard_limit_reached)/i
const RETRY_DELAY = /"retryDelay"\s*:\s*"(\d{1,10}(?:\.\d+)?)s"/
const THOUGHT =
  /thought.?signature|thinking|\bsignature|reasoning|encrypted.content|redacted|item with id|\brs_[0-9a-z]/i
const NO_THOUGHT = /reasoning_content.{0,80}(must be|missing|required)|(missing|no).{0,40}reasoning_content/is
const UNWANTED = /moderation_blocked|content[_ ]policy|safety[_ ]system|"code":\s*"?content_filter/i
const NO_MODEL =
  /model[_ ]not[_ ]found|no such model|model .{0,120}(does not exist|not found|is not available)|unknown model/i

/** An answer that is none, by its status. */
export function ofStatus(asking: Asking, answered: Answered, now: number): TryFailed {
  const { status, body } = answered
  const said = saidIn(body)
  const refused = refusedIn(answered)
  const rejected = (message: string, about: readonly Refused[] = [], named: readonly number[] = []) =>
    new TryFailed({ kind: 'rejected', host: asking.host, status, message }, 'none', false, about, named)
  if (status === 429 && !NO_CREDIT.test(body)) return tooOften(asking, answered, now)
  if (status === 404 || NO_MODEL.test(body)) return rejected(goneText(asking, said), refused)
  if (isTooMuch(answered, refused)) return tooMuch(asking, status, said, refused)
  const why = whyRejected(asking, answered, said)
  if (why !== null) return rejected(why)
  const message = `${asking.host} answered ${status} when “${asking.model}” was asked.${said}`
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    const retryAfterMs = waitAsked(answered, now)
    const failure: Failure = { kind: 'unavailable', host: asking.host, status, retryAfterMs, message }
    return new TryFailed(failure, isFromBetween(status) ? 'unknown' : 'none', true)
  }
  return rejected(message, refused, numbersIn(said, asking.model))
}

/** Said by what stands before the model, which may have waited for it and given up. */
function isFromBetween(status: number): boolean {
  return [408, 502, 504].includes(status) || (status >= 520 && status <= 527)
}

function tooOften({ host }: Asking, answered: Answered, now: number): TryFailed {
  const message = `${host} answered 429: too many requests.${saidIn(answered.body)}`
  const failure: Failure = { kind: 'rate-limited', host, retryAfterMs: waitAsked(answered, now), message }
  return new TryFailed(failure, 'none', true)
}

/** What no other way of asking would help against. */
function whyRejected(asking: Asking, { status, body }: Answered, said: string): string | null {
  if (status === 400 && UNWANTED.test(body))
    return `“${asking.model}” refused this for what it asks for.${said} Nothing came of it.`
  if (status === 402 || NO_CREDIT.test(body))
    return `${asking.host} answered ${status}: the account of “${asking.connection}” has no credit.${said} Nothing was charged.`
  return null
}

const NAMED: readonly (readonly [Refused, (body: string) => boolean])[] = [
  ['room', body => roomIn(body) === 'room'],
  ['rest', body => roomIn(body) === 'rest'],
  ['temperature', body => /\btemperature\b/i.test(body)],
  ['no-thought', body => NO_THOUGHT.test(body)],
  ['thought', body => THOUGHT.test(body)],
]

/** Whether it is the length of the answer that is too much, and beside what. */
function roomIn(body: string): 'room' | 'rest' | null {
  if (!OF_ANSWER.test(body) || !TOO_MUCH.test(body) || NOT_TOO_MUCH.test(body)) return null
  return WITH_WHAT_IS_SENT.test(body) ? 'rest' : 'room'
}

function isTooMuch({ status, body }: Answered, refused: readonly Refused[]): boolean {
  if (status === 413 || refused.includes('rest')) return true
  return !refused.includes('room') && SAYS_TOO_LONG.test(body)
}

/** Of four digits and more: no limit that is of use is less. */
function numbersIn(said: string, model: string): number[] {
  const found = said
    .replaceAll(model, '')
    .matchAll(/(?<![\w.-])(\d{1,3}(?:,\d{3})+|\d{4,7})(?![\w-]|\.\d)( \(exclusive\))?/g)
  return [...found].map(
    ([, digits = '', isOver]) => Number(digits.replaceAll(',', '')) - (isOver === undefined ? 0 : 1),
  )
}

function refusedIn({ status, body }: Answered): Refused[] {
  const named = NAMED.filter(([, isIn]) => isIn(body)).map(([refused]) => refused)
  if (status === 400 || status === 422) return [...named, 'something']
  // What is given back may name what is gone.
  return status === 404 ? named.filter(refused => refused === 'thought') : []
}

function tooMuch(asking: Asking, status: number, said: string, refused: readonly Refused[]): TryFailed {
  const message = tooLongText(asking, said)
  return new TryFailed(
    { kind: 'rejected', host: asking.host, status, message, detail: TOO_LONG },
    'none',
    false,
    refused.filter(each => each === 'rest'),
  )
}

/** What broke on the way, or was not what the protocol says. */
export function ofError(asking: Asking, error: unknown, now: number): TryFailed {
  if (error instanceof TryFailed) return error
  if (error instanceof FailureError) return ofTransport(asking, error.failure)
  const { status, body, message } = partsOf(error)
  if (status !== null && status >= 400) return ofStatus(asking, { status, headers: {}, body }, now)
  const text = `${asking.host} answered in a way that could not be read when “${asking.model}” was asked.${saidIn(message)}`
  return new TryFailed({ kind: 'bad-response', host: asking.host, message: text }, 'unknown', true)
}

function ofTransport(asking: Asking, failure: Failure): TryFailed {
  const mayCost = isUnsent(failure) ? 'none' : 'unknown'
  const mayTryAgain = ['network', 'unavailable', 'rate-limited'].includes(failure.kind)
  if (failure.kind !== 'network' || mayCost === 'none') return new TryFailed(failure, mayCost, mayTryAgain)
  const message = `The connection to ${asking.host} broke before “${asking.model}” had answered. What had come was not used.`
  return new TryFailed({ ...failure, message }, mayCost, mayTryAgain)
}

/** The stream ended, and did not say that it was complete. */
export function cutShort({ host, model }: Asking): TryFailed {
  const message = `The answer of “${model}” broke off. What had come was not used.`
  return new TryFailed({ kind: 'network', host, message }, 'unknown', true)
}

export function refusedToAnswer({ host, model }: Asking, { text, raw }: Said): Failure {
  const reason =
    text === '' ? (raw === undefined ? '' : ` (${visibleText(raw, 60)})`) : `: ${visibleText(text, 300)}`
  return { kind: 'rejected', host, message: `“${model}” refused to answer${reason}` }
}

export function refusedToDraw({ host, model }: Asking): TryFailed {
  const message = `“${model}” refused to draw this: its provider does not want such pictures. Ask for another one.`
  return new TryFailed({ kind: 'rejected', host, message }, 'unknown', false)
}

/** It was drawn, or something was: that is paid for, and not done again by itself. */
export function noPicture({ host, model }: Asking, came: string): TryFailed {
  const message = `“${model}” was to draw a picture and answered with ${came}. Nothing of it was kept.`
  return new TryFailed({ kind: 'bad-response', host, message }, 'unknown', false)
}

export function notTheAnswer({ host, model }: Asking, problem: string): Failure {
  const message = `“${model}” did not answer in the form that was asked for, twice. ${visibleText(problem, 300)}`
  return { kind: 'bad-response', host, message }
}

export function tooLong(asking: Asking, tokens: number, window: number): Failure {
  const message = `About ${tokens} tokens were to be sent to “${asking.model}”, which takes ${window}. Nothing was sent. Send less, or choose another model with: steward models set ${asking.role} MODEL`
  return { kind: 'rejected', host: asking.host, message, detail: { sent: 'no', ...TOO_LONG } }
}

/** It had answered: what it had not read is missing from that. */
export function cutByServer({ host, model }: Asking, window: number): Failure {
  const message = `${host} takes ${window.toLocaleString('en')} tokens for “${model}” and was sent more: it cut the request without saying so, so its answer was not used. Give the model more room where it is served, 32,000 tokens or more (Ollama: OLLAMA_CONTEXT_LENGTH=32000; LM Studio: the context length at loading), then say “go on”.`
  return { kind: 'rejected', host, message, detail: TOO_LONG }
}

export function noModel(): Failure {
  return {
    kind: 'not-connected',
    setting: 'model',
    message:
      'No model is connected. Nothing was sent. Connect one with: steward connections add model --kind model',
    detail: { sent: 'no' },
  }
}

export function noChoice(connection: string, role: ModelRole): Failure {
  const [says, chosen] = role === 'images' ? ['no model that draws', 'images'] : ['no model', 'planner']
  return {
    kind: 'not-connected',
    setting: 'model',
    message: `The connection “${connection}” says ${says}, and none was chosen. Nothing was sent. Choose one with: steward models set ${chosen} MODEL`,
    detail: { sent: 'no' },
  }
}

export function drawsNothing(connection: string, maker: ModelMaker): Failure {
  return {
    kind: 'not-connected',
    setting: 'model',
    message: `The connection “${connection}” (${maker}) draws no pictures. Nothing was sent. Connect OpenAI, Google or a server of your own as well, then choose its model with: steward models set images MODEL --connection NAME`,
    detail: { sent: 'no' },
  }
}

export function outOfTime({ host, model }: Asking, afterMs: number): Failure {
  const message = `“${model}” did not finish its answer within ${Math.round(afterMs / 1_000)} s.`
  return { kind: 'timeout', host, afterMs, message }
}

/** As ms from now, from the head or, as Gemini says it, from the body; null where nothing readable was said. */
function waitAsked({ headers, body }: Pick<Answered, 'headers' | 'body'>, now: number): number | null {
  const delay = RETRY_DELAY.exec(body)?.[1]
  return waitInHead(headers, now) ?? (delay === undefined ? null : Math.ceil(Number(delay) * 1_000))
}

/** Seconds, milliseconds or a date. */
function waitInHead(headers: Answered['headers'], now: number): number | null {
  const inMs = headers['retry-after-ms']
  if (inMs !== undefined && /^\d{1,10}(\.\d+)?$/.test(inMs)) return Math.ceil(Number(inMs))
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,10}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000)
  const at = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}

function goneText({ host, model, role }: Asking, said: string): string {
  return `${host} knows no model “${model}”.${said} Choose another with: steward models set ${role} MODEL`
}

function tooLongText({ model, role }: Asking, said: string): string {
  return `More was sent than “${model}” takes at once.${said} Send less, or choose another model with: steward models set ${role} MODEL`
}

function isUnsent({ detail }: Failure): boolean {
  return typeof detail === 'object' && detail !== null && 'sent' in detail && detail['sent'] === 'no'
}

/** The message in a body of JSON, as providers word it: ` It said: …`, or nothing. */
function saidIn(body: string): string {
  const message = /"message"\s*:\s*("(?:[^"\\]|\\.){1,2000}")/.exec(body)?.[1]
  const text = visibleText(message === undefined ? '' : String(JSON.parse(message)), 300)
  return text === '' ? '' : ` It said: ${text}`
}

function partsOf(error: unknown): { status: number | null; body: string; message: string } {
  if (typeof error !== 'object' || error === null) return { status: null, body: '', message: '' }
  const status = 'statusCode' in error ? error.statusCode : 'code' in error ? error.code : null
  const body = 'responseBody' in error && typeof error.responseBody === 'string' ? error.responseBody : ''
  const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
  const known = typeof status === 'number' ? status : null
  return {
    status: known,
    body: body === '' ? JSON.stringify({ message }) : body,
    message: JSON.stringify({ message }),
  }
}
