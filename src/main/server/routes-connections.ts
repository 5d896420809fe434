/** Connections: look, add, check, remove. What is secret goes in and never comes out. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Connection, ConnectionDesk } from '../../domain/connection.ts'
import type { Engine } from '../engine/engine.ts'
import { connectionView, wantedConnections } from '../engine/views/connections.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'

const texts = z.record(z.string().max(64), z.string().max(8_192))

const adding = z.strictObject({
  name: z.string().max(64),
  kind: z.string().max(64),
  auth: z.enum(['none', 'api-key', 'bearer', 'basic', 'hmac', 'oauth']).optional(),
  hosts: z.array(z.string().max(512)).max(32).optional(),
  settings: texts.optional(),
  secrets: texts.optional(),
})

export function connectionRoutes(engine: Engine, desk: ConnectionDesk) {
  const slotOf = ({ kind }: Connection) =>
    desk.providers().find(provider => provider.kind === kind)?.slot ?? null
  const view = (connection: Connection) => connectionView(engine, connection, slotOf(connection))
  const found = (name: string): Connection =>
    desk.find(name) ?? notFound(`connection “${name.slice(0, 64)}”`, 'steward connections')
  return new Hono()
    .get('/', operation({ summary: 'Connections, by name', answers: { 200: 'Connections' } }), c => {
      const connections = desk.list()
      const known = new Set<string>(connections.flatMap(each => [each.name, slotOf(each) ?? each.name]))
      return c.json({ items: connections.map(view), wanted: wantedConnections(engine, known) })
    })
    .get('/providers', operation({ summary: 'What can be connected', answers: { 200: 'ProviderList' } }), c =>
      c.json({ items: desk.providers() }),
    )
    .post(
      '/',
      operation({
        summary: 'Add a connection, or replace one',
        body: adding,
        answers: { 200: 'Connection', 201: 'Connection' },
      }),
      async c => {
        const { auth, hosts, settings, secrets, ...named } = c.req.valid('json')
        const isNew = desk.find(named.name) === undefined
        const added = await desk.add({
          ...named,
          ...(auth === undefined ? {} : { auth }),
          ...(hosts === undefined ? {} : { hosts }),
          ...(settings === undefined ? {} : { settings }),
          ...(secrets === undefined ? {} : { secrets }),
        })
        return c.json(view(added), isNew ? 201 : 200)
      },
    )
    .get('/:name', operation({ summary: 'One connection', answers: { 200: 'Connection' } }), c =>
      c.json(view(found(c.req.param('name')))),
    )
    .post(
      '/:name/check',
      operation({ summary: 'Ask whether it is accepted', answers: { 200: 'Connection' } }),
      async c => c.json(view(await desk.check(found(c.req.param('name')).name))),
    )
    .delete(
      '/:name',
      operation({ summary: 'Remove it with its secrets', answers: { 200: 'RemovedConnection' } }),
      async c => {
        const { usedBy, name } = view(found(c.req.param('name')))
        await desk.remove(name)
        return c.json({ name, usedBy })
      },
    )
}
