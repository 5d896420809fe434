/** Chats as people see them: which automation each belongs to, and what was said, without what is named as a secret. */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import { chatById, chatEventsOf, lastChatEvents, listChats, workflowOfChat } from '../../store/chats.ts'
import type { ChatEvent, ChatRow } from '../../store/chats.ts'
import { cursorText, pageOf, placeIn, shownOutput } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface ChatView {
  id: string
  title: string
  /** Null while it has not become one. */
  automation: AutomationName | null
  createdAt: number
}

export interface ChatEventView {
  id: string
  /** `message` is a person's; `notice` an automation's. */
  kind: string
  runId: string | null
  at: number
  body: Json
}

export function chatView(source: ViewSource, chat: ChatRow): ChatView {
  const workflow = workflowOfChat(source.store, chat.id)
  return {
    id: chat.id,
    title: chat.title,
    automation: workflow === undefined ? null : { id: workflow.id, name: workflow.name },
    createdAt: chat.created_at,
  }
}

export function chatsPage(source: ViewSource, page: PageRequest): Page<ChatView> {
  const [before] = placeIn(page, 'chats', z.string()) ?? []
  return pageOf(
    listChats(source.store, page.limit + 1, before),
    page.limit,
    chat => chatView(source, chat),
    chat => cursorText('chats', chat.id),
  )
}

/** `newest` first, as one scrolls up from the end; or `oldest` first, as it was said. */
export function chatEventsPage(
  source: ViewSource,
  chatId: string,
  page: PageRequest & { order: 'newest' | 'oldest' },
): Page<ChatEventView> {
  const list = `chat-${page.order}`
  const [place] = placeIn(page, list, z.string()) ?? []
  const read = page.order === 'newest' ? lastChatEvents : chatEventsOf
  return pageOf(read(source.store, chatId, page.limit + 1, place), page.limit, chatEventView, event =>
    cursorText(list, event.id),
  )
}

export function chatEventView(event: ChatEvent): ChatEventView {
  return { ...event, body: shownOutput(event.body) }
}

export function existingChat(source: ViewSource, id: string): ChatRow | undefined {
  return chatById(source.store, id)
}
