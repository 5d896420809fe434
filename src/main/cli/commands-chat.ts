/**
 * `chat`: sets an automation up by talking, with a model where one is connected, and from what is ready-made without
 * one. At a terminal it goes on until something was added or nobody answers; otherwise it says the sentence and the
 * answers it was given. The chat stays in the core, to go on with.
 */
import readline from 'node:readline/promises'
import type { Command } from 'commander'
import type { ConversationView } from '../server/api.ts'
import type { ApiClient } from '../server/client.ts'
import { theCore } from './client.ts'
import { answering } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { conversationText } from './conversation-text.ts'
import { terminal } from './terminal.ts'

/** One look of the core's while something is worked on; asked again until that has ended. */
const LOOK_MS = 3_000
const FIRST_LOOK_MS = 500
const LONGEST_TITLE = 80

interface ChatOptions {
  answer?: string[]
  in?: string
  stop?: boolean
  json?: boolean
}

export function addChatCommand(program: Command): void {
  answering(
    program
      .command('chat')
      .argument('[sentence]', 'what should be kept done, in English or German')
      .option('--answer <text>', 'the answer to what is asked next; as often as needed', several)
      .option('--in <chat>', 'go on in this chat')
      .option('--stop', 'stop what is being planned in it')
      .description('say what you want kept done, change it, or ask about it'),
    talk,
  )
}

function several(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}

async function talk(sentence: string | undefined, options: ChatOptions): Promise<Answer> {
  const core = theCore()
  if (options.stop === true) return stop(core, options.in)
  return converse(
    core,
    [sentence, ...(options.answer ?? [])].filter(text => text !== undefined),
    options,
  )
}

async function converse(core: ApiClient, said: readonly string[], options: ChatOptions): Promise<Answer> {
  const isLive = process.stdin.isTTY && process.stdout.isTTY && options.json !== true
  const chatId = options.in ?? (await begin(core, said[0] ?? 'New chat'))
  const tell = isLive ? (text: string) => terminal.out(`${text}\n`) : () => undefined
  const turns = options.in === undefined || said.length > 0 ? [] : [await shown(core, chatId, tell)]
  for (const text of said) turns.push(...(await say(core, chatId, text, tell)))
  if (isLive) turns.push(...(await listen(core, chatId, turns.at(-1), tell)))
  const last = turns.at(-1)
  const text = isLive ? afterwards(chatId, last) : turns.map(conversationText).join('\n\n')
  return { document: { chatId, turns }, text, code: codeOf(last) }
}

async function stop(core: ApiClient, id: string | undefined): Promise<Answer> {
  if (id === undefined)
    throw new CommandFailed(EXIT.usage, 'It was not said which chat. Nothing was stopped. Name it: --in CHAT')
  const view = await core.post('/chats/:id/stop', { param: { id } })
  return { document: view, text: conversationText(view) }
}

async function begin(core: ApiClient, sentence: string): Promise<string> {
  const title = sentence.trim().slice(0, LONGEST_TITLE).toWellFormed()
  const { id } = await core.post('/chats', { json: { title: title === '' ? 'New chat' : title } })
  return id
}

/** Where it stands, once no dry run plays. */
async function shown(
  core: ApiClient,
  chatId: string,
  tell: (text: string) => void,
): Promise<ConversationView> {
  const view = await untilPlayed(core, chatId, tell)
  tell(conversationText(view))
  return view
}

/** What was answered: once, or twice where a dry run came in between. */
async function say(
  core: ApiClient,
  chatId: string,
  text: string,
  tell: (text: string) => void,
): Promise<ConversationView[]> {
  const param = { id: chatId }
  const { turn } = await core.post('/chats/:id/messages', { param, json: { text } })
  const first = await core.get('/chats/:id/conversation', { param })
  if (first.stage !== 'planning') tell(conversationText(first))
  if (!isAtWork(first)) return [first]
  const last = await untilPlayed(core, chatId, tell)
  if (last.turn === turn && first.stage !== 'planning') return [first]
  tell(conversationText(last))
  return first.stage === 'planning' ? [last] : [first, last]
}

/** Until a dry run has ended, or a model needs its person; what it is at is told meanwhile. */
async function untilPlayed(
  core: ApiClient,
  id: string,
  tell: (text: string) => void,
): Promise<ConversationView> {
  let told = ''
  for (;;) {
    const wait = told === '' ? FIRST_LOOK_MS : LOOK_MS
    const seen = await core.get('/chats/:id/conversation', { param: { id }, query: { wait: String(wait) } })
    if (!isAtWork(seen)) return seen
    const doing = seen.progress?.doing ?? ''
    if (doing !== told && doing !== '') tell(`… ${doing}`)
    told = doing
  }
}

function isAtWork({ stage }: ConversationView): boolean {
  return stage === 'rehearsing' || stage === 'planning'
}

/** Line by line, until something was added, it was cancelled, or the terminal was closed. */
async function listen(
  core: ApiClient,
  chatId: string,
  before: ConversationView | undefined,
  tell: (text: string) => void,
): Promise<ConversationView[]> {
  const lines = readline.createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  const turns: ConversationView[] = []
  if (before === undefined) tell('What should be kept done?')
  if (!isOver(before)) lines.prompt()
  for await (const line of isOver(before) ? [] : lines) {
    if (line.trim() !== '') turns.push(...(await say(core, chatId, line, tell)))
    if (isOver(turns.at(-1))) break
    lines.prompt()
  }
  lines.close()
  return turns
}

function isOver(view: ConversationView | undefined): boolean {
  return view?.stage === 'added' || view?.stage === 'cancelled'
}

function afterwards(chatId: string, last: ConversationView | undefined): string {
  return isOver(last) || last?.stage === 'told'
    ? ''
    : `\nNothing was added. Go on with: steward chat --in ${chatId}`
}

function codeOf(last: ConversationView | undefined): ExitCode {
  if (last === undefined || isOver(last) || last.stage === 'told') return EXIT.done
  return ['listening', 'failed', 'stopped'].includes(last.stage) ? EXIT.failed : EXIT.waiting
}
