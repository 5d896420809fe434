import { describe, expect, it } from 'vitest'
import { originOf } from './origins.ts'

describe('where a credential may go', () => {
  it.each([
    ['api.example.com', 'https://api.example.com'],
    ['API.Example.com:8443', 'https://api.example.com:8443'],
    ['https://api.example.com/v1?x=1', 'https://api.example.com'],
    ['https://api.example.com:443', 'https://api.example.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://nas:5000', 'http://nas:5000'],
    ['http://printer.local', 'http://printer.local'],
    ['http://192.168.1.20', 'http://192.168.1.20'],
  ])('%s is %s', (written, origin) => {
    expect(originOf(written)).toBe(origin)
  })

  it.each([
    ['http://api.example.com', 'is not encrypted'],
    ['http://8.8.8.8', 'is not encrypted'],
    ['http://172.32.0.1', 'is not encrypted'],
    ['http://127.0.0.1.example.com', 'is not encrypted'],
    ['ftp://example.com', 'is neither https nor http'],
    ['https://user:word@example.com', 'contains a user name'],
    ['*.example.com', 'is a pattern'],
    ['', 'is not a host'],
    ['https://', 'is not a host'],
  ])('%s is refused: it %s', (written, why) => {
    expect(() => originOf(written)).toThrow(why)
  })
})
