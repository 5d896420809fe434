/**
 * The network cases of the abuse corpus, through the tools a script has. Each ends in a typed refusal; after each the
 * same client still serves an honest request, and nothing planted shows in what came back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Address } from '../../src/main/tools/network/address.ts'
import { sentOf } from '../../src/main/tools/network/failures.ts'
import { openHttpScope, type HttpScope, type HttpScopeOptions } from '../support/http-scope.ts'
import { serveHttp, type Answer, type LoopbackServer } from '../support/loopback-server.ts'

const closing: (() => Promise<void>)[] = []
let honest: LoopbackServer

beforeAll(async () => {
  honest = await serveHttp((_, response) => response.end('honest'))
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(() => honest.close())

/** A script that may read from `hosts`, and from the honest server. */
function open(hosts: string[], options: HttpScopeOptions = {}): HttpScope {
  const changes = [{ tool: 'http.request', hosts, approval: 'never' as const }]
  const scope = openHttpScope({ hosts: [...hosts, honest.host], changes, bytesPerCall: 65_536, ...options })
  closing.unshift(() => scope.close())
  return scope
}

async function serve(answer: Answer): Promise<LoopbackServer> {
  const server = await serveHttp(answer)
  closing.push(() => server.close())
  return server
}

/** How the request failed; the client must serve others as before. */
async function refused(scope: HttpScope, input: { [key: string]: Json }): Promise<Failure> {
  const failure = await scope.failure('http.request', input)
  expect(await scope.call('http.request', { url: honest.url() })).toMatchObject({
    status: 200,
    body: 'honest',
  })
  return failure
}

const resolving =
  (answers: Record<string, string[]>) =>
  async (name: string): Promise<Address[]> =>
    (answers[name] ?? []).map(address => ({ address, family: address.includes(':') ? 6 : 4 }))

describe('odd spellings of addresses', () => {
  it.each([
    'http://2130706433/',
    'http://017700000001/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.01/',
    'http://127.1/',
    'http://127.0.1/',
    'http://127.0.0.1./',
    'http://１２７.０.０.１/',
    'http://127。0。0。1/',
    'http://①②⑦.0.0.①/',
    'http://%31%32%37.0.0.1/',
    'http://0/',
    'http://0.0.0.0/',
    'http://0xc0a80001/',
    'http://10.1/',
  ])('corpus 66 %s is judged as the address it is, and refused', async url => {
    const scope = open([])
    const read = scope.read('http.request', { url })
    const hosts = 'input' in read ? scope.tool('http.request').touches(read.input).hosts : []
    expect(hosts?.join()).toMatch(/^(127\.0\.0\.1|0\.0\.0\.0|192\.168\.0\.1|10\.0\.0\.1)$/)
    const failure = await refused(scope, { url })
    expect([failure.kind, sentOf(failure)]).toEqual(['not-permitted', 'no'])
  })

  it.each([
    'http://256.0.0.1/',
    'http://1.2.3.4.5/',
    'http://0x7f.0x/.1/',
    'http://4294967296/',
    'http://0.0.0.0x/',
  ])('corpus 66 %s is refused as no address at all, or as where it leads', async url => {
    const failure = await refused(open([]), { url })
    expect(['invalid-input', 'not-permitted']).toContain(failure.kind)
  })

  it.each([
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[0:0:0:0:0:ffff:0a00:0001]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b::a00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2002:c0a8:1::1]/',
    'http://[2001:0:1::1]/',
    'http://[fc00::1]/',
    'http://[fd12:3456:789a::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
  ])('corpus 67 %s is refused', async url => {
    const failure = await refused(open([]), { url })
    expect([failure.kind, sentOf(failure)]).toEqual(['not-permitted', 'no'])
  })

  it.each(['http://[fe80::1%25eth0]/', 'http://[::1%25lo]/', 'http://[::1%lo]/'])(
    'corpus 67 zone id in %s',
    async url => {
      expect((await refused(open([]), { url })).kind).toBe('invalid-input')
    },
  )
})

describe('where credentials of machines are handed out', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://169.254.170.2/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://2852039166/',
    'http://metadata.google.internal/',
    'http://METADATA.google.internal./',
    'http://cloud.example.com/',
  ])('corpus 68 %s is refused even where the contract names it', async url => {
    const named = new URL(url).host.replace(/\.$/, '')
    const resolve = resolving({
      'metadata.google.internal': ['8.8.8.8'],
      'cloud.example.com': ['169.254.169.254'],
    })
    const failure = await refused(open([named], { resolve }), { url })
    expect([failure.kind, sentOf(failure)]).toEqual(['not-permitted', 'no'])
  })
})

describe('redirects', () => {
  const to =
    (location: string, status = 302): Answer =>
    (_, response) =>
      response.writeHead(status, { location }).end()

  it('corpus 69 a redirect to this machine is refused, also under a wildcard that covers it', async () => {
    const inner = await serve((_, response) => response.end('canary'))
    for (const location of [
      inner.url(),
      `http://2130706433:${inner.port}/`,
      `http://shop.test:${inner.port}/`,
    ]) {
      const front = await serve(to(location))
      const resolve = resolving({ 'shop.test': ['127.0.0.1'], 'front.test': ['127.0.0.1'] })
      const hosts = [`front.test:${front.port}`, `*.test:${inner.port}`]
      const failure = await refused(open(hosts, { resolve }), { url: `http://front.test:${front.port}/` })
      expect(failure.kind, location).toBe('not-permitted')
    }
    expect(inner.seen).toEqual([])
  })

  it.each([
    'file:///etc/passwd',
    'ftp://example.com/',
    'javascript:alert(1)',
    'data:text/plain,x',
    'http://u:p@example.com/',
    'http://',
    '//',
  ])('corpus 69 a redirect to %s is not followed', async location => {
    const front = await serve(to(location))
    const failure = await refused(open([front.host]), { url: front.url() })
    expect(failure.kind).toBe('bad-response')
    expect(JSON.stringify(failure)).not.toContain('passwd')
  })

  it('corpus 69 redirects without end stop', async () => {
    let hops = 0
    const endless = await serve((_, response) =>
      response.writeHead(302, { location: `/${(hops += 1)}` }).end(),
    )
    const loop = await serve(to('/'))
    expect((await refused(open([endless.host]), { url: endless.url() })).message).toContain(
      'more than 10 times',
    )
    expect(hops).toBe(11)
    expect((await refused(open([loop.host]), { url: loop.url() })).message).toContain('in a loop')
    expect(loop.seen).toHaveLength(1)
  })

  it('corpus 69 a redirect carries neither the body of a write nor a header that could be a secret', async () => {
    const inner = await serve((_, response) => response.end())
    const front = await serve(to(inner.url(), 307))
    const scope = open([front.host, inner.host])
    const headers = { 'x-api-key': 'canary' }
    await refused(scope, { url: front.url(), method: 'POST', text: 'canary', headers })
    expect(inner.seen).toEqual([])
    await scope.call('http.request', { url: front.url(), headers })
    expect(JSON.stringify(inner.seen)).not.toContain('canary')
  })
})

describe('DNS', () => {
  it('corpus 70 an answer that turns private is refused, and never connected to', async () => {
    const inner = await serve((_, response) => response.end('canary'))
    const answers = ['93.184.215.14', '127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1']
    for (const address of answers.slice(1)) {
      const resolve = resolving({ 'rebind.example.com': [address] })
      const failure = await refused(open([`*.example.com:${inner.port}`], { resolve }), {
        url: `http://rebind.example.com:${inner.port}/`,
      })
      expect([failure.kind, sentOf(failure)], address).toEqual(['not-permitted', 'no'])
    }
    expect(inner.seen).toEqual([])
  })

  it('corpus 70 one private address among public ones is enough to refuse', async () => {
    const resolve = resolving({ 'rebind.example.com': ['93.184.215.14', '127.0.0.1'] })
    const failure = await refused(open(['*.example.com'], { resolve }), { url: 'http://rebind.example.com/' })
    expect(failure.kind).toBe('not-permitted')
  })

  it('corpus 70 naming a public host does not open this machine to whoever owns the name', async () => {
    const inner = await serve((_, response) => response.end('canary'))
    const host = `rebind.example.com:${inner.port}`
    const resolve = resolving({ 'rebind.example.com': ['127.0.0.1'] })
    const failure = await refused(open([host], { resolve }), { url: `http://${host}/` })
    expect([failure.kind, inner.seen.length]).toEqual(['not-permitted', 0])
  })

  it('corpus 70 each request looks up once, and a kept connection does not outlive the answer it was made for', async () => {
    const inner = await serve((_, response) => response.end('inner'))
    let answer = '127.0.0.1'
    let lookups = 0
    const resolve = async (): Promise<Address[]> => {
      lookups += 1
      return [{ address: answer, family: 4 }]
    }
    const host = `shop.test:${inner.port}`
    const scope = open([host], { resolve })
    expect(await scope.call('http.request', { url: `http://${host}/` })).toMatchObject({ body: 'inner' })
    expect(lookups).toBe(1)
    answer = '169.254.169.254'
    expect((await refused(scope, { url: `http://${host}/` })).kind).toBe('not-permitted')
    answer = '127.0.0.2'
    await scope.call('http.probe', { url: `http://${host}/`, timeoutMs: 1_000 })
    expect([lookups, inner.seen.length]).toEqual([3, 1])
  })
})

describe('smuggling', () => {
  it.each<[{ [key: string]: string }]>([
    [{ Host: 'evil.example' }],
    [{ authorization: 'Bearer canary' }],
    [{ 'Proxy-Authorization': 'canary' }],
    [{ Cookie: 'canary=1' }],
    [{ Connection: 'close, x-a' }],
    [{ 'Transfer-Encoding': 'chunked' }],
    [{ 'Content-Length': '0' }],
    [{ 'X-HTTP-Method-Override': 'DELETE' }],
    [{ 'x-a': 'b\r\nHost: evil.example' }],
    [{ 'x-a': 'b\nc' }],
    [{ 'x-a\r\nx-b': 'c' }],
    [{ 'x-a': 'b\u0000' }],
    [{ 'x-a': '\u010d\u010a' }],
  ])('corpus 71 the header %j is refused before anything is sent', async headers => {
    const server = await serve((_, response) => response.end())
    const failure = await refused(open([server.host]), {
      url: server.url(),
      method: 'POST',
      text: 'x',
      headers,
    })
    expect([failure.kind, server.seen.length]).toEqual(['invalid-input', 0])
    expect(JSON.stringify(failure)).not.toContain('canary')
  })

  it('corpus 71 line breaks, user names and odd schemes in an address are refused', async () => {
    const server = await serve((_, response) => response.end())
    const urls = [
      `http://${server.host}/\r\nX-Evil: 1`,
      `http://${server.host}/ HTTP/1.1\r\n\r\nGET /second`,
      `http://user:canary@${server.host}/`,
      `http://good.example@${server.host}/`,
      `http://${server.host}\\@evil.example/`,
      'file:///etc/passwd',
      'gopher://127.0.0.1/_x',
      `http:/${server.host}/`,
    ]
    for (const url of urls)
      expect((await refused(open([server.host]), { url })).kind, url).toBe('invalid-input')
    expect(server.seen).toEqual([])
  })

  it('corpus 71 line breaks in a query or a path arrive as text', async () => {
    const server = await serve((_, response) => response.end())
    const query = { a: 'b\r\nHost: evil.example', '\r\nX: 1': 'c' }
    await open([server.host]).call('http.request', { url: server.url('/%0d%0aX-Evil:1'), query })
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]?.headers).not.toHaveProperty('x-evil')
    expect(server.seen[0]?.path).toBe('/%0d%0aX-Evil:1?a=b%0D%0AHost%3A+evil.example&%0D%0AX%3A+1=c')
  })

  it('corpus 71 the Host that arrives is the host that was judged', async () => {
    const server = await serve((_, response) => response.end())
    await open([server.host]).call('http.request', { url: `http://2130706433:${server.port}/` })
    expect(server.seen[0]?.headers.host).toBe(server.host)
  })
})

describe('Steward itself', () => {
  it('corpus 73 its own port is refused by every spelling, even where the contract names it', async () => {
    const own = await serve((_, response) => response.end('canary'))
    const refusedPorts = () => [{ host: '127.0.0.1', port: own.port }]
    const resolve = resolving({ localhost: ['127.0.0.1', '::1'], 'me.local': ['127.0.0.1'] })
    const spellings = [
      '127.0.0.1',
      '2130706433',
      '127.9.9.9',
      '[::1]',
      '[::ffff:127.0.0.1]',
      'localhost',
      'me.local',
    ]
    for (const spelling of spellings) {
      const url = `http://${spelling}:${own.port}/`
      const scope = open([new URL(url).host], { refusedPorts, resolve })
      for (const method of ['GET', 'POST']) {
        const failure = await refused(scope, { url, method })
        expect([failure.kind, sentOf(failure)], url).toEqual(['not-permitted', 'no'])
        expect(failure.message).toContain('Steward itself')
      }
    }
    expect(own.seen).toEqual([])
  })

  it('corpus 73 a redirect to its own port is refused too', async () => {
    const own = await serve((_, response) => response.end('canary'))
    const front = await serve((_, response) => response.writeHead(302, { location: own.url() }).end())
    const refusedPorts = () => [{ host: '127.0.0.1', port: own.port }]
    const scope = open([front.host, own.host], { refusedPorts })
    expect((await refused(scope, { url: front.url() })).message).toContain('Steward itself')
    expect(own.seen).toEqual([])
  })
})
