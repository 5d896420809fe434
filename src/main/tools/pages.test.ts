import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { serveHttp, type Answer, type LoopbackServer } from '../../../test/support/loopback-server.ts'
import { WebScope } from '../../../test/support/web-scope.ts'
import type { JsonObject } from '../../domain/json.ts'
import { createCompute } from './compute/pool.ts'
import { pagesTools } from './pages.ts'

const compute = createCompute()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
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

/** A page whose body can be changed, and a watcher whose every look is a successful run. */
async function watch(body: string, given: JsonObject = {}, type = 'text/html; charset=utf-8') {
  const page = { body }
  const server = await serve((_, response) =>
    response.writeHead(200, { 'content-type': type }).end(page.body),
  )
  const scope = open()
  const run = () => scope.run({ hosts: [server.host] })
  const input = { url: server.url('/page'), ...given }
  const look = async (): Promise<JsonObject> => {
    const now = run()
    const found = await now.call('pages.changed', input)
    now.succeed()
    scope.now += 60_000
    return found
  }
  return { page, look, run, input, scope, server }
}

function open(): WebScope {
  const scope = new WebScope({ tools: pagesTools, compute })
  closing.unshift(() => scope.close())
  return scope
}

const html = (body: string): string =>
  `<html lang="de"><head><title>Shop</title></head><body>${body}</body></html>`

describe('pages.changed', () => {
  it('R8 has nothing to say the first time, then what changed, line by line, with its prices', async () => {
    const shop = (price: string): string =>
      html(`<h1>Tea</h1><table><tr><td>Price</td><td>${price}</td></tr></table><p>Fine</p>`)
    const { page, look, scope } = await watch(shop('12,50 €'))
    const begun = scope.now
    expect(await look()).toMatchObject({
      title: 'Shop',
      first: true,
      changed: false,
      before: null,
      since: null,
      summary: 'nothing changed',
      numbers: [{ text: '12,50 €', value: 12.5, currency: 'EUR' }],
      numbersBefore: [],
    })
    page.body = shop('9,99 €')
    expect(await look()).toMatchObject({
      first: false,
      changed: true,
      before: 'Tea\n\nPrice | 12,50 €\n\nFine',
      text: 'Tea\n\nPrice | 9,99 €\n\nFine',
      since: begun,
      summary: '1 line added, 1 removed',
      changes: [
        { kind: 'removed', text: 'Price | 12,50 €' },
        { kind: 'added', text: 'Price | 9,99 €' },
      ],
      numbers: [{ value: 9.99 }],
      numbersBefore: [{ value: 12.5 }],
      seenBefore: false,
    })
    expect(await look()).toMatchObject({ changed: false, before: null, summary: 'nothing changed' })
  })

  it('J2 tells a change again when the run that saw it failed', async () => {
    const { page, look, run, input } = await watch(html('<p>one'))
    await look()
    page.body = html('<p>two')
    const failing = run()
    expect(await failing.call('pages.changed', input)).toMatchObject({ changed: true })
    expect(await failing.call('pages.changed', input), 'within the same run').toMatchObject({
      changed: false,
    })
    expect(await look()).toMatchObject({ changed: true, before: 'one', text: 'two' })
    expect(await look()).toMatchObject({ changed: false })
  })

  it('looks only at what a selector matches, without what changes by itself', async () => {
    const body = (price: number, visits: number): string =>
      html(
        `<div class="ad">${visits}</div><div id="offer"><b>${price} EUR</b><i class="count">${visits} visits</i></div>`,
      )
    const { page, look, run, server } = await watch(body(5, 1), { selector: '#offer', without: '.count' })
    await look()
    page.body = body(5, 2)
    expect(await look()).toMatchObject({ changed: false, text: '5 EUR' })
    page.body = body(4, 3)
    expect(await look()).toMatchObject({ changed: true, text: '4 EUR' })
    const other = await run().call('pages.changed', { url: server.url('/page') })
    expect(other, 'another part is another thing').toMatchObject({ first: true })
  })

  it('begins anew when another part is watched under the same name', async () => {
    const { run, server } = await watch(html('<p>a</p><i>b</i>'))
    const one = run()
    const input = { url: server.url('/page'), as: 'mine' }
    expect(await one.call('pages.changed', { ...input, selector: 'p' })).toMatchObject({
      first: true,
      text: 'a',
    })
    expect(await one.call('pages.changed', { ...input, selector: 'i' })).toMatchObject({
      first: true,
      text: 'b',
    })
    expect(
      await one.call('pages.changed', { ...input, selector: 'i', url: server.url('/moved') }),
    ).toMatchObject({
      first: false,
      changed: false,
    })
  })

  it('fails for a selector that matches nothing and forgets nothing, or takes it for empty', async () => {
    const { page, look, run, input, server } = await watch(html('<p class="a">here</p>'), { selector: '.a' })
    await look()
    page.body = html('<p class="b">here</p>')
    expect(await run().failure('pages.changed', input)).toMatchObject({
      kind: 'bad-response',
      host: server.host,
    })
    page.body = html('<p class="a">there</p>')
    expect(await look()).toMatchObject({ changed: true, before: 'here' })
    const empty = await watch(html(''), { selector: '.a', missing: 'empty' })
    expect(await empty.look()).toMatchObject({ first: true, text: '' })
    empty.page.body = html('<p class="a">In stock')
    expect(await empty.look()).toMatchObject({ changed: true, before: '', text: 'In stock', added: 1 })
    expect(await run().failure('pages.changed', { ...input, selector: 'a[' })).toMatchObject({
      kind: 'invalid-input',
    })
  })

  it('knows a state that comes back', async () => {
    const { page, look } = await watch(html('<p>a'))
    const states: unknown[] = []
    for (const text of ['a', 'b', 'a', 'c', 'b']) {
      page.body = html(`<p>${text}`)
      states.push((await look())['seenBefore'])
    }
    expect(states).toEqual([false, false, true, false, true])
  })

  it('takes the word of a server that says nothing changed', async () => {
    const state = { etag: '"1"', body: html('<p>7 EUR') }
    const statuses: number[] = []
    const server = await serve((request, response) => {
      const same = request.headers['if-none-match'] === state.etag
      statuses.push(same ? 304 : 200)
      response
        .writeHead(same ? 304 : 200, { etag: state.etag, 'content-type': 'text/html' })
        .end(same ? '' : state.body)
    })
    const scope = open()
    const look = async (): Promise<JsonObject> => {
      const run = scope.run({ hosts: [server.host] })
      const found = await run.call('pages.changed', { url: server.url() })
      run.succeed()
      return found
    }
    await look()
    const same = await look()
    expect(same).toMatchObject({
      changed: false,
      first: false,
      text: '7 EUR',
      numbers: [{ value: 7, currency: 'EUR' }],
    })
    Object.assign(state, { etag: '"2"', body: html('<p>6 EUR') })
    expect(await look()).toMatchObject({ changed: true })
    expect(await look()).toMatchObject({ changed: false, text: '6 EUR' })
    expect(statuses).toEqual([200, 304, 200, 304])
  })

  it('watches plain text and JSON, and refuses what is no text', async () => {
    const { page, look } = await watch('a < b\r\nc', {}, 'text/plain')
    expect(await look()).toMatchObject({ text: 'a < b\nc', title: null })
    page.body = 'a < b\r\nd'
    expect(await look()).toMatchObject({ changed: true, summary: '1 line added, 1 removed' })
    const json = await watch('{"a":1}', {}, 'application/json')
    expect(await json.look()).toMatchObject({ text: '{"a":1}' })
    const picture = await watch('x', {}, 'image/png')
    expect(await picture.run().failure('pages.changed', picture.input)).toMatchObject({
      kind: 'bad-response',
    })
    const binary = await watch('a\0b', {}, 'text/html')
    expect(await binary.run().failure('pages.changed', binary.input)).toMatchObject({ kind: 'bad-response' })
  })

  it('S2 keeps within what may be remembered, and still sees what changes beyond it', async () => {
    const long = (end: string): string => html(`<p>${'漢字\u0007 '.repeat(40_000)}</p><p>${end}</p>`)
    const { page, look } = await watch(long('a'))
    const first = await look()
    expect(first).toMatchObject({ truncated: true })
    page.body = long('b')
    expect(await look()).toMatchObject({ changed: true, summary: 'changed further down than is kept' })
    expect(await look()).toMatchObject({ changed: false })
  })
})
