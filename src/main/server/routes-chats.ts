/** Chats: what was said, and what a person says. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Engine } from '../engine/engine.ts'
import { chatEventsPage, chatsPage, chatView, existingChat } from '../engine/views/chats.ts'
import { conversationView } from '../engine/views/conversations.ts'
import type { ChatRow } from '../store/chats.ts'
import { replacing, showTag } from './etag.ts'
import { oneOf, paging, whole } from './input.ts'
import { operation } from './operation.ts'
import { notFound } from './problem.ts'
import { LONGEST_WAIT_MS } from './wait.ts'

const title = z.string().trim().min(1).max(200)
const message = z.strictObject({
  text: z.string().min(1).max(20_000),
  to: z.int().min(0).optional().describe('Counts only while the conversation has had so many turns'),
})
const waiting = z.strictObject({
  wait: whole(0, LONGEST_WAIT_MS)
    .default(0)
    .describe('While it is worked on, answer when that has ended, after this many ms at the latest'),
})

export function chatRoutes(engine: Engine, closing: AbortSignal) {
  return new Hono().route('/', listRoutes(engine)).route('/', eventRoutes(engine, closing))
}

function foundIn(engine: Engine) {
  return (id: string): ChatRow => existingChat(engine, id) ?? notFound(`chat ${id}`, 'steward automations')
}

function listRoutes(engine: Engine) {
  const found = foundIn(engine)
  const editable = (chat: ChatRow) => [chat.id, chat.title]
  return new Hono()
    .get(
      '/',
      operation({
        summary: 'Chats, newest first',
        query: z.strictObject(paging),
        answers: { 200: 'ChatPage' },
      }),
      c => c.json(chatsPage(engine, c.req.valid('query'))),
    )
    .post(
      '/',
      operation({ summary: 'Begin a chat', body: z.strictObject({ title }), answers: { 201: 'Chat' } }),
      async c => {
        const chat = found(await engine.edits.createChat(c.req.valid('json').title))
        showTag(c, editable(chat))
        return c.json(chatView(engine, chat), 201)
      },
    )
    .get('/:id', operation({ summary: 'One chat', answers: { 200: 'Chat' } }), c => {
      const chat = found(c.req.param('id'))
      showTag(c, editable(chat))
      return c.json(chatView(engine, chat))
    })
    .patch(
      '/:id',
      operation({
        summary: 'Give it another title',
        body: z.strictObject({ title }),
        answers: { 200: 'Chat' },
        replaces: true,
      }),
      async c => {
        const { id } = found(c.req.param('id'))
        const look = () => editable(found(id))
        await replacing(c, look, () => engine.edits.retitleChat(id, c.req.valid('json').title))
        showTag(c, look())
        return c.json(chatView(engine, found(id)))
      },
    )
}

function eventRoutes(engine: Engine, closing: AbortSignal) {
  const found = foundIn(engine)
  return new Hono()
    .get(
      '/:id/events',
      operation({
        summary: 'What was said in it',
        query: z.strictObject({ ...paging, order: oneOf(['newest', 'oldest']).default('newest') }),
        answers: { 200: 'ChatEventPage' },
      }),
      c => c.json(chatEventsPage(engine, found(c.req.param('id')).id, c.req.valid('query'))),
    )
    .post(
      '/:id/messages',
      operation({
        summary: 'Say something in it: what should be kept done, or an answer to what is asked',
        body: message,
        answers: { 201: 'Said' },
      }),
      async c => {
        const { id: chatId } = found(c.req.param('id'))
        const { text, to } = c.req.valid('json')
        return c.json({ chatId, ...(await engine.conversations.say(chatId, text, to)) }, 201)
      },
    )
    .get(
      '/:id/conversation',
      operation({
        summary: 'Where it stands: what was said last, and what is asked',
        query: waiting,
        answers: { 200: 'Conversation' },
      }),
      async c => {
        const { id } = found(c.req.param('id'))
        const { conversations } = engine
        await conversations.rest(id, c.req.valid('query').wait, closing)
        const view = conversationView(engine, conversations.plans, id)
        return c.json(view ?? notFound(`conversation in chat ${id}`, 'steward automations'))
      },
    )
    .post(
      '/:id/stop',
      operation({ summary: 'Stop planning; what was said stays', answers: { 200: 'Conversation' } }),
      async c => {
        const { id } = found(c.req.param('id'))
        const { plans } = engine.conversations
        await plans.stop(id)
        return c.json(conversationView(engine, plans, id) ?? notFound(`plan in chat ${id}`, 'steward chat'))
      },
    )
}
