/** A site that means harm, in a process of its own: bodies that do not want to end, or become too much when opened. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { answerParent } from './peer.ts'

const BOMB_BYTES = 100_000_000
const JSON_BYTES = 8_000_000
const DRIP_MS = 5

const bombs = {
  gzip: gzipSync(Buffer.alloc(BOMB_BYTES)),
  br: brotliCompressSync(Buffer.alloc(BOMB_BYTES)),
}
const entry = JSON.stringify({ id: 1, name: 'an ordinary entry of a list', tags: ['a', 'b'], price: 12.5 })
const list = `[${Array.from({ length: Math.floor(JSON_BYTES / (entry.length + 1)) }, () => entry).join()}]`

const server = http.createServer((request, response) => {
  request.resume()
  switch (request.url) {
    case '/bomb/gzip':
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bombs.gzip)
      break
    case '/bomb/br':
      response.writeHead(200, { 'content-encoding': 'br' }).end(bombs.br)
      break
    case '/list':
      response.writeHead(200, { 'content-type': 'application/json' }).end(list)
      break
    case '/endless':
      flood(response)
      break
    case '/trickle':
      drip(response)
      break
    default:
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
})

function flood(response: http.ServerResponse): void {
  const chunk = Buffer.alloc(16_384, 'a')
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more)
  }
  response.writeHead(200, { 'content-type': 'text/plain' })
  more()
}

function drip(response: http.ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' })
  const timer = setInterval(() => response.write('a'), DRIP_MS)
  response.once('close', () => {
    clearInterval(timer)
  })
}

const listening = new Promise<number>(resolve => {
  server.listen(0, '127.0.0.1', () => {
    resolve((server.address() as AddressInfo).port)
  })
})

answerParent<'port', number>(() => listening)
