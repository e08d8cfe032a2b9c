# SPDX-License-Identifier: LGPL-2.1-or-later
{
  'targets': [
    {
      'target_name': 'libvirt',
      # gyp would cut "lib" off the target's name.
      'product_name': 'libvirt',
      'sources': [
        'native/addon.cc',
        'native/arguments.cc',
        'native/bridge.cc',
        'native/call.cc',
        'native/connection.cc',
        'native/domain.cc',
        'native/domain_records.cc',
        'native/epoll_loop.cc',
        'native/event_loop.cc',
        'native/events.cc',
        'native/failure.cc',
        'native/handles.cc',
        'native/lists.cc',
        'native/node_device.cc',
        'native/node_device_records.cc',
        'native/request.cc',
        'native/session.cc',
        'native/stream.cc',
        'native/symbols.cc',
        'native/thread.cc',
        'native/values.cc',
      ],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++14', '-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': [
        '-std=c++17',
        '-fexceptions',
        '-fvisibility=hidden',
        '-Wall',
        '-Wextra',
        '-Werror',
        # A system folder, so that the warnings judge only our files.
        '-isystem <!(node -p "require(\'path\').resolve(require(\'node-addon-api\').include_dir)")',
      ],
      'libraries': ['-ldl', '-pthread'],
      # Threads outlive a worker that loaded the addon, so its code must stay.
      'ldflags': ['-Wl,-z,nodelete'],
    },
  ],
}
