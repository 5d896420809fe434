/**
 * What happened outside, as the outside saw it: a process of its own, so that nothing the core believes can colour
 * it. Two servers on loopback: one honours Idempotency-Key, the other counts every arrival.
 *
 * Paths: `/read/MS/…` answers after so many ms · `/held/…` only once a core has died · `/ok/…` applies and answers ·
 * `/slow/…` applies and answers later · `/lost/…` applies, and cuts the first connection instead of answering ·
 * `/drop/…` cuts the first connection without applying · `/busy/…` refuses the first one for haste, without applying ·
 * `/late/…` applies some time after it came, whoever is still there to hear it.
 *
 * Owns the order of everything that came, in one list. A write is *applied* at the instant it was received in full
 * (`late`: when its time has come). Can end the core at the nth request, which is a kill inside a call.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { ModelServer } from './model-server.ts'

export interface Entry {
  is: 'arrived' | 'applied' | 'refused' | 'told'
  server: 'keyed' | 'plain'
  path: string
  key: string | null
  /** What a person was told about it, for `told`. */
  said?: 'it-went-out' | 'it-did-not'
}

/** Ends the process `pid` at the nth request from now: as it comes in, or after it was answered. */
export interface Trap {
  pid: number
  at: 'arrival' | 'answer'
  nth: number
}

export type ToRecorder =
  | { id: number; do: 'arm'; trap: Trap | null }
  /** Answered once no connection of the dead core is left and nothing late is under way. */
  | { id: number; do: 'settle' }
  /** Whether a write to the path was applied; the answer is put on record as told to the core. */
  | { id: number; do: 'ask'; server: 'keyed' | 'plain'; path: string }
  | { id: number; do: 'entries' }
  | { id: number; do: 'asks' }
  | { id: number; do: 'forget' }

export type FromRecorder = { keyed: number; plain: number; model: number } | { id: number; value: unknown }

const LATE_MS = 25
const SLOW_MS = 15

const sockets = new Set<Socket>()
const settling: (() => void)[] = []
const appliedKeys = new Map<string, Promise<string>>()
const arrivedPaths = new Set<string>()
let entries: Entry[] = []
let late = 0
let holding = true
let trap: Trap | null = null

function serve(name: Entry['server']): Promise<Server> {
  return listen(
    createServer((incoming, response) => {
      take(name, incoming, response)
    }),
  )
}

function listen(server: Server): Promise<Server> {
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      tellSettled()
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      resolve(server)
    })
  })
}

function take(server: Entry['server'], incoming: IncomingMessage, response: ServerResponse): void {
  spring('arrival')
  incoming.resume()
  incoming.on('end', () => {
    const path = incoming.url ?? ''
    const key = incoming.headers['idempotency-key']
    if (incoming.method === 'GET') answerRead(path, response)
    else void answerWrite(server, path, typeof key === 'string' ? key : null, response)
  })
}

function answerRead(path: string, response: ServerResponse): void {
  const [, kind, ms] = path.split('/')
  if (kind === 'held' && holding) return
  setTimeout(
    () => {
      answer(response, JSON.stringify({ path }))
    },
    kind === 'read' ? Number(ms) : 0,
  )
}

async function answerWrite(
  server: Entry['server'],
  path: string,
  key: string | null,
  response: ServerResponse,
): Promise<void> {
  const first = !arrivedPaths.has(path)
  arrivedPaths.add(path)
  entries.push({ is: 'arrived', server, path, key })
  const kind = path.split('/')[1]
  if (kind === 'drop' && first) {
    response.socket?.destroy()
    return
  }
  if (kind === 'busy' && first) {
    entries.push({ is: 'refused', server, path, key })
    response.writeHead(429).end()
    return
  }
  const body = await applyOnce(server, path, key, kind === 'late' ? LATE_MS : 0)
  if (kind === 'lost' && first) response.socket?.destroy()
  else if (kind === 'slow')
    setTimeout(() => {
      answer(response, body)
    }, SLOW_MS)
  else answer(response, body)
}

function applyOnce(
  server: Entry['server'],
  path: string,
  key: string | null,
  after: number,
): Promise<string> {
  if (server === 'plain' || key === null) return apply(server, path, key, after)
  const known = appliedKeys.get(key)
  if (known !== undefined) return known
  const applied = apply(server, path, key, after)
  appliedKeys.set(key, applied)
  return applied
}

async function apply(
  server: Entry['server'],
  path: string,
  key: string | null,
  after: number,
): Promise<string> {
  if (after > 0) {
    late++
    await new Promise(resolve => setTimeout(resolve, after))
    late--
    tellSettled()
  }
  entries.push({ is: 'applied', server, path, key })
  return JSON.stringify({ path, applied: true })
}

function answer(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(body, () => {
    spring('answer')
  })
}

function spring(at: Trap['at']): void {
  if (trap?.at !== at || --trap.nth > 0) return
  const { pid } = trap
  trap = null
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It was ended by something else in the same instant.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Connections are accepted in order: once our own was, every one of the dead core is among the sockets. */
async function settle(): Promise<void> {
  await Promise.all([knock(keyed), knock(plain), knock(model.server)])
  await new Promise<void>(resolve => {
    settling.push(resolve)
    tellSettled()
  })
}

function knock(server: Server): Promise<void> {
  const { port } = server.address() as AddressInfo
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.end())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve()
    })
    socket.resume()
  })
}

function tellSettled(): void {
  if (sockets.size === 0 && late === 0) for (const tell of settling.splice(0)) tell()
}

function ask(server: Entry['server'], path: string): boolean {
  const found = entries.some(
    entry => entry.is === 'applied' && entry.server === server && entry.path === path,
  )
  entries.push({ is: 'told', server, path, key: null, said: found ? 'it-went-out' : 'it-did-not' })
  return found
}

function obey(message: ToRecorder): void {
  const reply = (value: unknown): void => {
    process.send?.({ id: message.id, value } satisfies FromRecorder)
  }
  switch (message.do) {
    case 'arm':
      trap = message.trap
      reply(null)
      return
    case 'settle':
      holding = false
      void settle().then(reply)
      return
    case 'ask':
      reply(ask(message.server, message.path))
      return
    case 'entries':
      reply(entries)
      return
    case 'asks':
      reply(model.asks)
      return
    case 'forget':
      entries = []
      model.forget()
      appliedKeys.clear()
      arrivedPaths.clear()
      holding = true
      reply(null)
      return
  }
}

const model = new ModelServer({
  arrived: () => {
    spring('arrival')
  },
  answered: () => {
    spring('answer')
  },
})
const [keyed, plain] = await Promise.all([serve('keyed'), serve('plain'), listen(model.server)])
process.on('message', message => {
  obey(message as ToRecorder)
})
process.on('disconnect', () => process.exit(0))
process.send?.({
  keyed: (keyed.address() as AddressInfo).port,
  plain: (plain.address() as AddressInfo).port,
  model: (model.server.address() as AddressInfo).port,
} satisfies FromRecorder)
