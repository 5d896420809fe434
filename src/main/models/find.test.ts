import { expect, it } from 'vitest'
import { open, serve } from '../../../test/support/guarded-client.ts'
import { finderOf } from './find.ts'

it('finds the servers that answer with a list of models, and is not misled by others', async () => {
  const body = JSON.stringify({ object: 'list', data: [{ id: 'llama' }, { id: 'qwen' }] })
  const one = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  const other = await serve((_request, response) => {
    response.writeHead(200).end('<h1>Something else</h1>')
  })
  const gone = await serve((_request, response) => {
    response.writeHead(404).end()
  })
  const places = [one, other, gone].map((server, at) => ({
    name: `place ${String(at)}`,
    url: server.url('/v1'),
  }))
  places.push({ name: 'nobody', url: 'http://127.0.0.1:1/v1' })
  const find = finderOf(open(), places)
  expect(one.seen).toEqual([])
  expect(await find()).toEqual([{ name: 'place 0', url: one.url('/v1'), models: ['llama', 'qwen'] }])
  expect(one.seen.map(request => request.path)).toEqual(['/v1/models'])
})
