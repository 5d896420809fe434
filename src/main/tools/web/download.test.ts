import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  serveBytes,
  serveHttp,
  type Answer,
  type LoopbackServer,
} from '../../../../test/support/loopback-server.ts'
import { WebScope, type WebRun } from '../../../../test/support/web-scope.ts'
import type { Json } from '../../../domain/json.ts'
import type { Reconciled } from '../../../domain/tool.ts'
import { createCompute } from '../compute/pool.ts'
import type { FilePoint } from '../files.ts'
import { webTools } from '../web.ts'

const compute = createCompute()
const closing: (() => Promise<void>)[] = []
let root = ''
beforeEach(() => {
  root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-download-'))
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  fs.rmSync(root, { recursive: true, force: true })
})
afterAll(() => compute.close())

async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp((request, response, incoming) => {
    if (request.path === '/robots.txt') response.writeHead(404).end()
    else answer(request, response, incoming)
  })
  closing.push(() => server.close())
  return server
}

const serveText = (text: () => string, type = 'text/plain'): Promise<LoopbackServer> =>
  serve((_, response) => response.writeHead(200, { 'content-type': type }).end(text()))

function open(reached: (point: FilePoint) => Promise<void> = () => Promise.resolve()): WebScope {
  const files = { reached }
  const scope = new WebScope({
    compute,
    tools: reader => webTools({ reader, searchProvider: () => Promise.resolve(null), files }),
  })
  closing.unshift(() => scope.close())
  return scope
}

const runOf = (scope: WebScope, server: LoopbackServer): WebRun =>
  scope.run({
    hosts: [server.host],
    changes: [{ tool: 'web.download', hosts: [server.host], paths: [root], approval: 'never' }],
  })

const at = (...names: string[]): string => path.join(root, ...names)
const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

describe('web.download', () => {
  it('puts a file in place with its hash, type and the address that answered', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/a') response.writeHead(302, { location: '/b' }).end()
      else response.writeHead(200, { 'content-type': 'application/PDF; x=1' }).end('content')
    })
    const run = runOf(open(), server)
    const input = { url: server.url('/a'), path: at('x', 'a.pdf'), parents: true, type: 'application/pdf' }
    expect(await run.call('web.download', input)).toEqual({
      url: server.url('/b'),
      path: at('x', 'a.pdf'),
      bytes: 7,
      hash: sha('content'),
      type: 'application/pdf',
      created: true,
      changed: true,
    })
    expect(fs.readFileSync(at('x', 'a.pdf'), 'utf8')).toBe('content')
    expect(fs.readdirSync(at('x'))).toEqual(['a.pdf'])
  })

  it('replaces only when told to, and asks for nothing otherwise', async () => {
    fs.writeFileSync(at('a'), 'old')
    const server = await serveText(() => 'new')
    const run = runOf(open(), server)
    expect(await run.failure('web.download', { url: server.url(), path: at('a') })).toMatchObject({
      kind: 'rejected',
    })
    expect(server.seen).toEqual([])
    const input = { url: server.url(), path: at('a'), overwrite: true }
    expect(await run.call('web.download', input)).toMatchObject({ created: false, changed: true })
    expect(await run.call('web.download', input)).toMatchObject({ created: false, changed: false })
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('new')
  })

  it('takes a large file in pieces, with a limit of its own', async () => {
    const piece = Buffer.alloc(1_048_576, 7)
    const server = await serve((_, response) => {
      for (let i = 0; i < 40; i++) response.write(piece)
      response.end()
    })
    const scope = open()
    const run = runOf(scope, server)
    const done = await run.call('web.download', { url: server.url(), path: at('large') })
    expect(done).toMatchObject({ bytes: 40 * 1_048_576 })
    expect(fs.statSync(at('large')).size).toBe(40 * 1_048_576)
  })

  it('S2 leaves nothing of what is too large, endless, packed or cut off', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/long') response.writeHead(200, { 'content-length': '104857600' }).write('x')
      else if (request.path === '/bomb')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000)))
      else {
        const more = (): unknown => response.write('x'.repeat(65_536), () => !response.destroyed && more())
        more()
      }
    })
    const run = runOf(open(), server)
    for (const name of ['long', 'bomb', 'endless']) {
      const input = { url: server.url(`/${name}`), path: at('sub', name), parents: true, maxBytes: 1_000_000 }
      expect(await run.failure('web.download', input), name).toMatchObject({
        kind: 'script-limit',
        limit: 'bytes-in',
        detail: { sent: 'no' },
      })
    }
    const cut = await serveBytes((socket, first) => {
      if (first.includes('robots')) {
        socket.end('HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n')
        return
      }
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')
      setTimeout(() => socket.destroy(), 20)
    })
    closing.push(() => cut.close())
    const broken = await runOf(open(), cut).failure('web.download', { url: cut.url('/x'), path: at('cut') })
    expect(broken).toMatchObject({ kind: 'network', detail: { sent: 'no' } })
    expect(fs.readdirSync(root)).toEqual([])
  })

  it('refuses another type than asked for, robots.txt, other folders and other hosts', async () => {
    const page = await serveText(() => '<html>sign in', 'text/html')
    const run = runOf(open(), page)
    const input = { url: page.url(), path: at('a.pdf'), type: 'application/pdf' }
    expect(await run.failure('web.download', input)).toMatchObject({ kind: 'bad-response' })
    expect(await run.call('web.download', { ...input, type: 'text/*' })).toMatchObject({ created: true })
    const outside = { url: page.url(), path: path.join(path.dirname(root), 'b') }
    expect(await run.failure('web.download', outside)).toMatchObject({ kind: 'not-permitted' })
    const closed = await serveHttp((_, response) => response.end('User-agent: *\nDisallow: /\n'))
    closing.push(() => closed.close())
    expect(
      await runOf(open(), closed).failure('web.download', { url: closed.url('/x'), path: at('c') }),
    ).toMatchObject({
      kind: 'not-permitted',
      clause: 'robots.txt',
    })
    const tool = open().tool('web.download')
    expect(tool.touches(tool.input.parse(input))).toEqual({
      hosts: [page.host],
      paths: [{ path: at('a.pdf'), access: 'write' }],
    })
  })

  it('takes back what it made, and restores what it replaced', async () => {
    fs.writeFileSync(at('old'), 'before')
    const server = await serveText(() => 'after')
    const scope = open()
    const tool = scope.tool('web.download')
    for (const [name, left] of [
      ['old', 'before'],
      ['new', null],
    ] as const) {
      const input = tool.input.parse({ url: server.url(), path: at(name), overwrite: true })
      const run = runOf(scope, server)
      const evidence =
        (await tool.prepare?.(
          input,
          run.context(() => undefined),
        )) ?? null
      const context = run.context(() => undefined, evidence)
      const done = await tool.run(input, context)
      await tool.undo?.(input, done, context)
      expect(fs.existsSync(at(name)) ? fs.readFileSync(at(name), 'utf8') : null).toBe(left)
    }
  })
})

/** Lets go of a stopped operation, so that it closes what it holds. */
async function release(reject: (error: Error) => void): Promise<void> {
  reject(new Error('The operation was stopped by a test.'))
  await sleep(10)
}

/** Stops at a named point as a kill would, then looks from a fresh instance. */
async function interrupted(
  server: LoopbackServer,
  given: { [key: string]: Json },
  point: FilePoint,
  meanwhile: () => void = () => undefined,
): Promise<Reconciled<Json>> {
  const stopped = Promise.withResolvers<undefined>()
  const first = open(async reached => {
    if (reached !== point) return
    stopped.resolve(undefined)
    await new Promise((_, reject) => closing.push(() => release(reject)))
  })
  const tool = first.tool('web.download')
  const input = tool.input.parse({ url: server.url('/f'), path: at('f'), ...given })
  const run = runOf(first, server)
  const evidence =
    (await tool.prepare?.(
      input,
      run.context(() => undefined),
    )) ?? null
  const context = run.context(() => undefined, JSON.parse(JSON.stringify(evidence)) as Json)
  tool.run(input, context).catch(() => undefined)
  await stopped.promise
  meanwhile()
  const fresh = open().tool('web.download')
  return (await fresh.reconcile?.(input, context)) ?? { is: 'unknown', evidence: 'nobody looked' }
}

describe('J4 an interrupted download', () => {
  const points: readonly [FilePoint, 'applied' | 'not-applied'][] = [
    ['part-written', 'not-applied'],
    ['temp-written', 'not-applied'],
    ['placed', 'applied'],
  ]

  it.each(points)('of a new file, stopped at %s, is %s', async (point, is) => {
    const server = await serveText(() => 'content')
    const seen = await interrupted(server, {}, point)
    expect(seen.is).toBe(is)
    if (seen.is === 'applied')
      expect(seen.result).toMatchObject({ hash: sha('content'), bytes: 7, created: true })
    expect(fs.readdirSync(root)).toEqual(is === 'applied' ? ['f'] : [])
  })

  it.each(points)('that replaces a file, stopped at %s, is %s', async (point, is) => {
    fs.writeFileSync(at('f'), 'before')
    const server = await serveText(() => 'content')
    const seen = await interrupted(server, { overwrite: true }, point)
    expect(seen.is).toBe(is)
    expect(fs.readFileSync(at('f'), 'utf8')).toBe(is === 'applied' ? 'content' : 'before')
    expect(fs.readdirSync(root)).toEqual(['f'])
  })

  it('is unknown where the file and the address both say something else by now', async () => {
    let content = 'one'
    const server = await serveText(() => content)
    const seen = await interrupted(server, {}, 'placed', () => {
      content = 'two'
    })
    expect(seen.is).toBe('unknown')
    expect(fs.readFileSync(at('f'), 'utf8')).toBe('one')
  })
})
