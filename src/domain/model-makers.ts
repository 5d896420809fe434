/** Who makes or serves models, and where their interfaces begin. Facts, and nothing that asks anybody. */
import type { ModelRole, TextRole } from './model.ts'

export const MODEL_MAKERS = ['anthropic', 'openai', 'google', 'openrouter', 'compatible'] as const
export type ModelMaker = (typeof MODEL_MAKERS)[number]

const BASES: Readonly<Record<ModelMaker, string>> = {
  anthropic: 'https://api.anthropic.com/v1',
  openai: 'https://api.openai.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
  openrouter: 'https://openrouter.ai/api/v1',
  /** Whatever speaks OpenAI's protocol: a server on this machine or another. Its address is the person's to say. */
  compatible: '',
}

type Usual = Readonly<Record<TextRole, string> & { images?: string }>

/**
 * What serves a role where nobody chose a model. A server of one's own has none that could be guessed; who has none for
 * pictures draws none.
 */
const USUAL: Readonly<Record<ModelMaker, Usual | null>> = {
  anthropic: { planner: 'claude-opus-5-5', maintainer: 'claude-opus-5-5', small: 'claude-haiku-5-5' },
  openai: {
    planner: 'gpt-6.1-sol',
    maintainer: 'gpt-6.1-sol',
    small: 'gpt-6-luna',
    images: 'gpt-image-2.5-flare',
  },
  google: {
    planner: 'gemini-4-argon',
    maintainer: 'gemini-4-argon',
    small: 'gemini-3.8-flash',
    images: 'gemini-nano-banana-2.1',
  },
  openrouter: {
    planner: 'anthropic/claude-opus-5.5',
    maintainer: 'anthropic/claude-opus-5.5',
    small: 'openai/gpt-6-luna',
  },
  compatible: null,
}

type Settings = Readonly<Record<string, string>>

export function makerOf(settings: Settings): ModelMaker {
  return MODEL_MAKERS.find(maker => maker === settings['maker']) ?? 'compatible'
}

/** Without a slash at its end. */
export function modelBase(settings: Settings): string {
  return (settings['url'] ?? BASES[makerOf(settings)]).replace(/\/+$/, '')
}

export function usualModel(maker: ModelMaker, role: ModelRole): string | null {
  return USUAL[maker]?.[role] ?? null
}

/** Whose interface can be asked for pictures in one of the ways that are spoken here. */
export function canDraw(maker: ModelMaker): boolean {
  return maker === 'compatible' || usualModel(maker, 'images') !== null
}
