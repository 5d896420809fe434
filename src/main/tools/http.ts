/** tools/http: requests by plain HTTP through the guarded client. The method decides whether a call is a write. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isFailureError, type FailureError } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../domain/tool.ts'
import { CONNECTION_NAME } from '../../domain/connection.ts'
import { NO_CONNECTIONS, type Connections } from '../connections/desk.ts'
import { jsonValue } from './json-value.ts'
import {
  performCall,
  targetOf,
  touchesOf,
  type CallInput,
  type CallOutput,
  type Outside,
} from './network/call.ts'
import { isRead, type HttpClient } from './network/client.ts'
import { honoursKeyForMs, mayVisit, namesHost } from './network/contract-hosts.ts'
import { reasonOf, statusOf, type Reason } from './network/failures.ts'
import { headerProblem } from './network/headers.ts'
import { maskKeys, maskNamed, maskRecord, maskUrl } from './network/redact.ts'
import { addressProblem } from './network/target.ts'

const TIMEOUT_MS = 30_000
/** The client ends a call itself; the engine's own limit comes a little later, and only if that fails. */
const GRACE_MS = 2_000

const url = z
  .string()
  .max(16_384)
  .superRefine((text, context) => {
    const problem = addressProblem(text)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  .describe('Absolute, http or https, without user name or password.')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const query = z
  .record(z.string(), z.union([scalar, z.array(scalar)]))
  .optional()
  .describe('Appended to the address, encoded. A list repeats its name.')
const headers = z
  .record(z.string(), z.string())
  .superRefine((record, context) => {
    for (const [name, value] of Object.entries(record)) {
      const problem =
        name.toLowerCase() === 'idempotency-key' ? 'is set by Steward' : headerProblem(name, value)
      if (problem !== null) context.addIssue({ code: 'custom', message: problem, path: [name] })
    }
  })
  .optional()
  .describe('Not Host, Authorization, Cookie, Idempotency-Key, or what belongs to the connection.')
const accept = z
  .array(z.int().min(100).max(599))
  .optional()
  .describe('Statuses from 400 on to return instead of failing; for writes only refusals (4xx except 408).')
const timeoutMs = z.int().min(1).max(600_000).default(TIMEOUT_MS)
const as = z
  .enum(['auto', 'json', 'text', 'base64'])
  .default('auto')
  .describe('How the body is returned; auto goes by its content type.')
const maxBytes = z.int().min(1).max(33_554_432).optional().describe('Of the body, decompressed.')
const connection = z
  .string()
  .regex(CONNECTION_NAME, { error: 'takes lower-case letters, digits and hyphens' })
  .optional()
  .describe(
    'The name of a connection: its credential is added here, for its own hosts. The contract lists it.',
  )
const reading = { query, headers, connection, accept, timeoutMs, as, maxBytes }
const body = {
  json: jsonValue.optional(),
  text: z.string().optional(),
  form: z.record(z.string(), scalar).optional().describe('Sent as application/x-www-form-urlencoded.'),
}

const output = z
  .strictObject({
    status: z.int(),
    ok: z.boolean().describe('True for 200 to 299.'),
    url: z.string().describe('The address that answered, after redirects.'),
    headers: z.record(z.string(), z.string()).describe('Lower-case names; cookies are left out.'),
    body: jsonValue.describe(
      'JSON, text or base64; null where there is none. Whole numbers beyond 2^53 come as text, so that none is rounded.',
    ),
    problem: z
      .enum(['not-json', 'too-large', 'unreadable', 'cut-off', 'not-seen'])
      .nullable()
      .describe('Only for writes: what kept the body of an answer that did arrive from being given.'),
    simulated: z.boolean().optional().describe('True where nothing was sent: in dry runs.'),
  })
  .meta({ title: 'HttpAnswer' })

/** Without connections, a call that names one finds none. */
export function httpTools(client: HttpClient, connections: Connections = NO_CONNECTIONS): ToolDeclaration[] {
  const outside = { client, connections }
  return [requestTool(outside), getTool(outside), postTool(outside), probeTool(client)]
}

function requestTool(outside: Outside): ToolDeclaration {
  const method = z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET')
  const input = z.strictObject({ method, url, ...reading, ...body }).superRefine((call, context) => {
    const bodies = [call.json, call.text, call.form].filter(given => given !== undefined).length
    if (bodies > 1) context.addIssue({ code: 'custom', message: 'takes one of json, text and form' })
    if (bodies > 0 && isRead(call.method)) {
      context.addIssue({
        code: 'custom',
        message: `cannot send a body with ${call.method}`,
        path: ['method'],
      })
    }
  })
  return defineTool<CallInput, CallOutput>({
    ...common<CallInput>(outside, 'http.request', call => call),
    title: 'Send an HTTP request',
    doc: `Sends one request and returns the answer. GET, HEAD and OPTIONS read; the other methods write. ${FAILURES} ${OF_READS} ${OF_WRITES}`,
    effect: call => (isRead(call.method) ? 'read' : 'write'),
    risk: call => (isRead(call.method) ? 'low' : 'medium'),
    input,
  })
}

const FAILURES =
  'Statuses below 400 are returned; 404 and the like fail as rejected unless accept lists them.'
const OF_READS = 'Reads are tried again after 429 and 5xx, and follow redirects to hosts the contract names.'
const OF_WRITES =
  'A write carries an Idempotency-Key, follows no redirect and is never silently repeated: a lost answer is settled below the script, if need be by asking the user.'

function getTool(outside: Outside): ToolDeclaration {
  const input = z.strictObject({ url, ...reading })
  type Get = z.output<typeof input>
  return defineTool<Get, CallOutput>({
    ...common<Get>(outside, 'http.get', call => ({ ...call, method: 'GET' })),
    title: 'Read an address',
    doc: `Reads an address with GET and returns the answer. ${FAILURES} ${OF_READS}`,
    effect: 'read',
    risk: 'low',
    input,
    positional: ['url'],
  })
}

function postTool(outside: Outside): ToolDeclaration {
  const input = z.strictObject({ url, json: jsonValue.optional(), ...reading })
  type Post = z.output<typeof input>
  return defineTool<Post, CallOutput>({
    ...common<Post>(outside, 'http.post', call => ({ ...call, method: 'POST' })),
    title: 'Post JSON to an address',
    doc: `Sends JSON with POST and returns the answer. ${FAILURES} ${OF_WRITES}`,
    effect: 'write',
    risk: 'medium',
    input,
    positional: ['url', 'json'],
  })
}

/** What the request tools share, for inputs that `callOf` turns into a call. */
function common<I>(outside: Outside, name: string, callOf: (input: I) => CallInput) {
  return {
    name,
    version: 1,
    output,
    touches: (input: I) => touchesOf(callOf(input)),
    idempotency: (input: I, contract: ToolContext['contract']) => {
      const call = callOf(input)
      if (isRead(call.method)) return 'natural'
      return honoursKeyForMs(contract, name, touchesOf(call)) === null ? 'none' : 'key'
    },
    keyWindowMs: (input: I, contract: ToolContext['contract']) =>
      honoursKeyForMs(contract, name, touchesOf(callOf(input))) ?? 0,
    timeoutMs: (input: I) => callOf(input).timeoutMs + GRACE_MS,
    run: (input: I, context: ToolContext) => performCall(outside, name, callOf(input), context),
    simulate: async (input: I, context: ToolContext) => simulated(callOf(input), context),
    assume: (input: I) => assumed(callOf(input)),
    redact: (input: I) => redacted(callOf(input)),
    describe: (input: I, result: CallOutput | undefined) => sentenceOf(callOf(input), result),
  } as const
}

function simulated(call: CallInput, context: ToolContext): CallOutput {
  const id = `simulated-${context.idempotencyKey.slice(-8)}`
  return {
    status: 202,
    ok: true,
    url: targetOf(call).url.href,
    headers: {},
    body: { id },
    problem: null,
    simulated: true,
  }
}

/** Somebody who can know says that it was done; nobody saw the answer. */
function assumed(call: CallInput): CallOutput {
  return { status: 200, ok: true, url: targetOf(call).url.href, headers: {}, body: null, problem: 'not-seen' }
}

function redacted(call: CallInput): Json {
  const { method, connection, query, headers, json, text, form } = call
  return {
    method,
    url: maskUrl(call.url),
    ...(connection === undefined ? {} : { connection }),
    ...(query === undefined ? {} : { query: maskRecord(query) }),
    ...(headers === undefined ? {} : { headers: maskRecord(headers) }),
    ...(json === undefined ? {} : { json: maskNamed(json) }),
    ...(text === undefined ? {} : { text: maskKeys(text) }),
    ...(form === undefined ? {} : { form: maskRecord(form) }),
  }
}

function sentenceOf(call: CallInput, result: CallOutput | undefined): string {
  const place = placeOf(call.url)
  const verb = isRead(call.method) ? `Asked ${call.method} ${place}` : `Sent ${call.method} to ${place}`
  return result === undefined ? verb : `${verb}: ${result.status}`
}

function placeOf(address: string): string {
  const { host, url } = targetOf({ url: address })
  const path = maskKeys(url.pathname)
  return `${host}${path.length > 100 ? `${path.slice(0, 99)}…` : path}`
}

const probeInput = z.strictObject({
  url,
  method: z.enum(['GET', 'HEAD']).default('GET'),
  timeoutMs: z.int().min(1).max(600_000).default(10_000),
  expectStatus: z.int().min(100).max(599).optional().describe('Default: any below 400.'),
  contains: z.string().min(1).max(10_000).optional().describe('Text that the body must contain.'),
})

const probeOutput = z.strictObject({
  reachable: z.boolean().describe('An answer came, whatever it said.'),
  ok: z.boolean().describe('It was the answer expected.'),
  status: z.int().nullable(),
  ms: z.int().describe('From asking to the end of the answer.'),
  reason: z
    .enum(['dns', 'refused', 'unreachable', 'timeout', 'tls', 'reset', 'status', 'content'])
    .nullable()
    .describe('What was wrong, or null.'),
  hash: z.string().nullable().describe('SHA-256 of the body: changes when the content does.'),
  bytes: z.int(),
})

type ProbeInput = z.output<typeof probeInput>
type ProbeOutput = z.output<typeof probeOutput>

function probeTool(client: HttpClient): ToolDeclaration {
  return defineTool<ProbeInput, ProbeOutput>({
    name: 'http.probe',
    version: 1,
    title: 'Look whether an address answers',
    doc: 'Asks an address once and says whether it answered, how, how fast, and with what content (as a hash). A host that is down is a result, not a failure; only being offline oneself makes the run wait.',
    effect: 'read',
    risk: 'low',
    input: probeInput,
    output: probeOutput,
    positional: ['url'],
    touches: touchesOf,
    idempotency: 'natural',
    timeoutMs: input => input.timeoutMs + GRACE_MS,
    run: (input, context) => probe(client, input, context),
    redact: input => ({ method: input.method, url: maskUrl(input.url) }),
    describe: (input, result) => {
      if (result === undefined) return `Probed ${placeOf(input.url)}`
      return `Probed ${placeOf(input.url)}: ${result.ok ? 'well' : (result.reason ?? 'not well')}${result.status === null ? '' : `, ${result.status}`}`
    },
  })
}

async function probe(client: HttpClient, input: ProbeInput, context: ToolContext): Promise<ProbeOutput> {
  const { contract, signal } = context
  const begun = performance.now()
  try {
    const answer = await client.request({
      url: input.url,
      method: input.method,
      accept: () => true,
      allowHost: host => namesHost(contract, host),
      mayVisit: host => mayVisit(context, 'http.probe', host),
      timeoutMs: input.timeoutMs,
      despiteHealth: true,
      signal,
    })
    const reason = faultOf(input, answer.status, answer.body)
    const hash = input.method === 'HEAD' ? null : createHash('sha256').update(answer.body).digest('hex')
    const { status, timing } = answer
    const bytes = answer.body.byteLength
    return {
      reachable: true,
      ok: reason === null,
      status,
      ms: Math.round(timing.totalMs),
      reason,
      hash,
      bytes,
    }
  } catch (error) {
    if (!isFailureError(error)) throw error
    return unreachable(error, Math.round(performance.now() - begun))
  }
}

function faultOf(input: ProbeInput, status: number, answer: Uint8Array): 'status' | 'content' | null {
  const expected = input.expectStatus === undefined ? status < 400 : status === input.expectStatus
  if (!expected) return 'status'
  return input.contains === undefined || Buffer.from(answer).includes(input.contains) ? null : 'content'
}

const PROBE_REASONS: Readonly<Partial<Record<Reason, ProbeOutput['reason']>>> = {
  dns: 'dns',
  refused: 'refused',
  unreachable: 'unreachable',
  timeout: 'timeout',
  tls: 'tls',
  reset: 'reset',
  answer: 'content',
}

/** What the network did is the result; what Steward refused or could not do itself is a failure. */
function unreachable(error: FailureError, ms: number): ProbeOutput {
  const reason = PROBE_REASONS[reasonOf(error.failure) ?? 'offline']
  if (reason === undefined) throw error
  const status = statusOf(error.failure)
  return { reachable: reason === 'content', ok: false, status, ms, reason, hash: null, bytes: 0 }
}
