/**
 * One call of an HTTP tool: its input as a request, the answer as the tool's result, and what a failed write means
 * (J4): refused for certain, never sent, or unknown. Shared by every tool that speaks plain HTTP.
 */
import type { Connections } from '../../connections/desk.ts'
import type { Credential } from '../../connections/credential.ts'
import { FailureError, isFailureError, type Failure } from '../../../domain/failure.ts'
import { isJsonObject, type Json } from '../../../domain/json.ts'
import { parseJson } from '../../../domain/parse-json.ts'
import { classify } from '../../../domain/respond.ts'
import type { ToolContext, Touches } from '../../../domain/tool.ts'
import { textOf } from './body.ts'
import { isRead, type HttpAnswer, type HttpClient, type HttpRequest, type Method } from './client.ts'
import { honoursKeyForMs, mayVisit, namesHost } from './contract-hosts.ts'
import { isTransient, sentOf, statusOf } from './failures.ts'
import { maskKeys } from './redact.ts'
import { isMoved } from './redirect.ts'
import { parseTarget, type Target } from './target.ts'

type Scalar = string | number | boolean

export interface CallInput {
  method: Method
  url: string
  query?: Readonly<Record<string, Scalar | readonly Scalar[]>> | undefined
  headers?: Readonly<Record<string, string>> | undefined
  /** The connection whose credential goes along. */
  connection?: string | undefined
  json?: Json | undefined
  text?: string | undefined
  form?: Readonly<Record<string, Scalar>> | undefined
  accept?: readonly number[] | undefined
  timeoutMs: number
  as: 'auto' | 'json' | 'text' | 'base64'
  maxBytes?: number | undefined
}

/** Why the body of a write's answer could not be given; the write itself was answered. */
export type Problem = 'not-json' | 'too-large' | 'unreadable' | 'cut-off' | 'not-seen'

export interface CallOutput {
  status: number
  ok: boolean
  url: string
  headers: Record<string, string>
  body: Json
  problem: Problem | null
  simulated?: boolean | undefined
}

export function targetOf(input: Pick<CallInput, 'url' | 'query'>): Target {
  if (input.query === undefined) return parseTarget(input.url)
  const { url } = parseTarget(input.url)
  for (const [name, value] of Object.entries(input.query)) {
    for (const entry of [value].flat()) url.searchParams.append(name, String(entry))
  }
  return parseTarget(url.href)
}

export function touchesOf(
  input: Pick<CallInput, 'method' | 'url' | 'query' | 'headers' | 'connection'>,
): Touches {
  const { host, url } = targetOf(input)
  const accounts = input.connection === undefined ? {} : { accounts: [input.connection] }
  if (!isRead(input.method)) return { hosts: [host], method: input.method, ...accounts, actions: 1 }
  // What a read says about itself leaves too: a query or a header can carry content out.
  const egress = url.search !== '' || input.headers !== undefined
  return { hosts: [host], method: input.method, ...accounts, egress }
}

/** What a call goes out by. */
export interface Outside {
  client: HttpClient
  connections: Connections
}

export async function performCall(
  { client, connections }: Outside,
  tool: string,
  input: CallInput,
  context: ToolContext,
): Promise<CallOutput> {
  const { connection } = input
  if (connection === undefined) return exchangeCall(client, tool, input, context, null)
  const credential = await connections.use(connection)
  try {
    const output = await exchangeCall(client, tool, input, context, credential)
    if (output.ok) await connections.accepted(connection)
    // Once more, now that it is decoded: what was written in another way is plain here.
    return { ...output, body: credential.hideInJson(output.body) }
  } catch (error) {
    if (!isFailureError(error)) throw error
    const { failure } = error
    if (failure.kind !== 'rejected' || failure.status !== 401) throw error
    return raise(await connections.refused(connection, failure.host ?? targetOf(input).host, failure.status))
  }
}

async function exchangeCall(
  client: HttpClient,
  tool: string,
  input: CallInput,
  context: ToolContext,
  credential: Credential | null,
): Promise<CallOutput> {
  const target = targetOf(input)
  const request = {
    ...requestOf(input, tool, target, context),
    ...(credential === null ? {} : { credential }),
  }
  if (isRead(input.method)) {
    return resultOf(
      await client.request({ ...request, accept: status => acceptsRead(input, status) }),
      input,
      target,
    )
  }
  try {
    return resultOf(
      await client.request({ ...request, accept: status => acceptsWrite(input, status) }),
      input,
      target,
      context,
    )
  } catch (error) {
    if (!isFailureError(error)) throw error
    return (
      answeredAnyway(error.failure, target) ??
      raise(writeFailure(error.failure, tool, input, target, context))
    )
  }
}

function requestOf(input: CallInput, tool: string, target: Target, context: ToolContext): HttpRequest {
  const { contract } = context
  const [body, contentType] = bodyOf(input)
  const given = Object.fromEntries(
    Object.entries(input.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const headers = {
    ...(contentType === null ? {} : { 'content-type': contentType }),
    ...given,
    ...(isRead(input.method) ? {} : { 'idempotency-key': context.idempotencyKey }),
  }
  return {
    url: target.url.href,
    method: input.method,
    headers,
    ...(body === null ? {} : { body }),
    allowHost: host => namesHost(contract, host),
    mayVisit: host => mayVisit(context, tool, host),
    timeoutMs: input.timeoutMs,
    maxBytes: Math.min(input.maxBytes ?? Infinity, contract.limits.bytesPerCall),
    signal: context.signal,
  }
}

function bodyOf(input: CallInput): [body: string | null, contentType: string | null] {
  if (input.json !== undefined) return [JSON.stringify(input.json), 'application/json']
  if (input.text !== undefined) return [input.text, 'text/plain; charset=utf-8']
  if (input.form === undefined) return [null, null]
  const fields = Object.entries(input.form).map(([name, value]): [string, string] => [name, String(value)])
  return [new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded']
}

function acceptsRead(input: CallInput, status: number): boolean {
  return status < 400 || input.accept?.includes(status) === true
}

/** A script may ask to see a refusal; a status that leaves the outcome open is never its business (J9). */
function acceptsWrite(input: CallInput, status: number): boolean {
  if (status < 400) return !isMoved(status) || input.accept?.includes(status) === true
  return status < 500 && status !== 408 && input.accept?.includes(status) === true
}

function resultOf(answer: HttpAnswer, input: CallInput, target: Target, write?: ToolContext): CallOutput {
  const { status } = answer
  const read = readBody(answer, input)
  const { 'set-cookie': _, 'set-cookie2': __, ...headers } = answer.headers
  const result = { status, ok: status >= 200 && status < 300, url: answer.url, headers, ...read }
  if (write === undefined && read.problem !== null) {
    const message = `${target.host} answered ${status}, but its body was not JSON.`
    throw new FailureError({
      kind: 'bad-response',
      host: target.host,
      message,
      detail: { sent: 'maybe', status },
    })
  }
  const tooLarge = write !== undefined && JSON.stringify(result).length > write.contract.limits.bytesPerCall
  return tooLarge ? { ...result, body: null, problem: 'too-large' } : result
}

function readBody(answer: HttpAnswer, input: CallInput): { body: Json; problem: Problem | null } {
  const { body } = answer
  if (body.byteLength === 0) return { body: null, problem: null }
  const type = answer.headers['content-type']
  switch (input.as === 'auto' ? formOf(type, body) : input.as) {
    case 'base64':
      return { body: Buffer.from(body).toString('base64'), problem: null }
    case 'text':
      return { body: textOf(body, type), problem: null }
    case 'json': {
      const text = textOf(body, type)
      const value = jsonIn(text)
      return value === undefined ? { body: text, problem: 'not-json' } : { body: value, problem: null }
    }
  }
}

const JSON_TYPE = /^[\w.+-]+\/([\w.+-]+\+)?json\b/i
const TEXT_TYPE =
  /^(text\/|[\w.+-]+\/([\w.+-]+\+)?(xml|javascript|ecmascript|yaml|x-yaml|toml|x-www-form-urlencoded|x-ndjson)\b)/i

function formOf(type: string | undefined, body: Uint8Array): 'json' | 'text' | 'base64' {
  if (type === undefined || type === '') return isUtf8(body) ? 'text' : 'base64'
  if (JSON_TYPE.test(type)) return 'json'
  return TEXT_TYPE.test(type) ? 'text' : 'base64'
}

function isUtf8(body: Uint8Array): boolean {
  return !body.includes(0) && !Buffer.from(body).toString('utf8').includes('\ufffd')
}

function jsonIn(text: string): Json | undefined {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The head of the answer was seen, so the write is done; only its body is lost. */
function answeredAnyway(failure: Failure, target: Target): CallOutput | null {
  const status = statusOf(failure)
  if (status === null || status >= 400 || isMoved(status)) return null
  const problem =
    failure.kind === 'script-limit' ? 'too-large' : failure.kind === 'bad-response' ? 'unreadable' : 'cut-off'
  return { status, ok: status < 300, url: target.url.href, headers: {}, body: null, problem }
}

function writeFailure(
  failure: Failure,
  tool: string,
  input: CallInput,
  target: Target,
  context: ToolContext,
): Failure {
  const { method } = input
  const detail = isJsonObject(failure.detail) ? failure.detail : {}
  if (sentOf(failure) === 'no') {
    // A timeout before anything was sent is no unknown outcome, and must not be taken for one.
    return failure.kind === 'timeout'
      ? { kind: 'network', host: target.host, message: failure.message, detail }
      : failure
  }
  const status = statusOf(failure)
  if (status !== null && isDefinite(failure, status)) {
    if (failure.kind === 'rate-limited' || failure.kind === 'unavailable' || failure.kind === 'rejected')
      return failure
    const message = `${method} ${target.host}${maskKeys(target.url.pathname)} was answered with ${status}.`
    return { kind: 'rejected', host: target.host, status, message, detail }
  }
  // Under its key it may simply be tried again: when, follows from what failed it.
  const mayRepeat = honoursKeyForMs(context.contract, tool, touchesOf(input)) !== null
  if (mayRepeat && classify(failure) === 'retry') return failure
  return { kind: 'outcome-unknown', tool, message: evidenceOf(method, target, context, status), detail }
}

/** The remote said that it did not do it. A 503 says so only where it names the time to come back. */
function isDefinite(failure: Failure, status: number): boolean {
  if (status === 503) return failure.kind === 'unavailable' && failure.retryAfterMs !== null
  return status === 425 || !isTransient(status)
}

function evidenceOf(
  method: Method,
  target: Target,
  context: ToolContext,
  status: number | null = null,
): string {
  const sent = `${method} ${target.url.origin}${maskKeys(target.url.pathname)} was sent at ${new Date(context.begunAt).toISOString()}`
  return status === null
    ? `${sent}; no answer was seen.`
    : `${sent}; the answer was ${status}, which leaves open whether it was done.`
}

function raise(failure: Failure): never {
  throw new FailureError(failure)
}
