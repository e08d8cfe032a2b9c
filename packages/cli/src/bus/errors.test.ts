// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, exitStatusByErrorCode } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { ErrorReply } from './connection.js';
import { isInteractionRequired, toDeviceError } from './errors.js';

function codeOf(errorName: string): string {
  const error = toDeviceError(new ErrorReply(errorName, 'text'));
  return error instanceof DeviceError ? error.code : 'none';
}

describe('toDeviceError', () => {
  it.each(Object.keys(exitStatusByErrorCode))("takes the service's %s with its message", (code) => {
    const error = toDeviceError(new ErrorReply(`me.phyllo.Vgpu1.Error.${code}`, '0000:00:02.0 is gone'));
    expect(error).toMatchObject({ code, message: '0000:00:02.0 is gone' });
  });

  it.each([
    ['org.freedesktop.DBus.Error.ServiceUnknown', 'Unavailable'],
    ['org.freedesktop.DBus.Error.Spawn.ChildExited', 'Unavailable'],
    ['org.freedesktop.DBus.Error.AccessDenied', 'NotAuthorized'],
    ['org.freedesktop.DBus.Error.InteractiveAuthorizationRequired', 'NotAuthorized'],
    ['org.freedesktop.DBus.Error.NoReply', 'TimedOut'],
    ['org.freedesktop.DBus.Error.InvalidArgs', 'InvalidArgument'],
    ['org.freedesktop.DBus.Error.UnknownObject', 'NotFound'],
    ['org.freedesktop.DBus.Error.UnknownMethod', 'NotSupported'],
    ['org.freedesktop.DBus.Error.toString', 'Internal'],
    ['me.phyllo.Vgpu1.Error.Unheard', 'Internal'],
    ['me.phyllo.Vgpu1.Error.constructor', 'Internal'],
    ['com.example.Error', 'Internal'],
  ])('%s is %s', (name, code) => {
    expect(codeOf(name)).toBe(code);
  });

  it('leaves every other error alone', () => {
    const error = new TypeError('ours');
    expect(toDeviceError(error)).toBe(error);
  });
});

describe('isInteractionRequired', () => {
  it('is true for that reply only', () => {
    const name = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired';
    expect(isInteractionRequired(new ErrorReply(name, ''))).toBe(true);
    expect(isInteractionRequired(new ErrorReply('me.phyllo.Vgpu1.Error.NotAuthorized', ''))).toBe(false);
    expect(isInteractionRequired(new Error(name))).toBe(false);
  });
});
