// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from data/me.phyllo.Vgpu1.xml by `pnpm --filter @vgpu/dbus-service generate`; do not edit.
import type { InterfaceName } from '../protocol/members.js';

/** What Introspect serves for each interface. */
export const introspectionXml: Readonly<Record<InterfaceName, string>> = {
  'me.phyllo.Vgpu1.Manager': `
  <interface name="me.phyllo.Vgpu1.Manager">
    <property name="Version" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="LibvirtUri" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="LibvirtVersion" type="s" access="read"/>
    <property name="MdevctlVersion" type="s" access="read"/>
    <property name="Connected" type="b" access="read"/>
    <property name="Stale" type="b" access="read"/>
    <property name="LastRefresh" type="t" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
    </property>
    <property name="Features" type="as" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>

    <method name="Refresh">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="auth.no_user_interaction:b"/>
      </arg>
    </method>

    <method name="FindVgpus">
      <arg name="uuid" type="s" direction="in"/>
      <arg name="vgpus" type="ao" direction="out"/>
    </method>

    <method name="Preview">
      <arg name="object" type="o" direction="in"/>
      <arg name="interface" type="s" direction="in"/>
      <arg name="method" type="s" direction="in"/>
      <arg name="arguments" type="av" direction="in"/>
      <arg name="diff" type="s" direction="out"/>
      <arg name="steps" type="aa{sv}" direction="out">
        <annotation name="me.phyllo.Vgpu1.Keys" value="id:s args:a{sv} severity:s message:s"/>
        <annotation name="me.phyllo.Vgpu1.StepArgs"
          value="define-mdev(uuid:s parent:s type_id:s)
            start-mdev(uuid:s parent:s)
            stop-mdev(uuid:s parent:s)
            undefine-mdev(uuid:s parent:s)
            set-autostart(uuid:s parent:s autostart:b)
            assign-mdev(uuid:s parent:s domain:s domain_name:s)
            unassign-mdev(uuid:s domain:s domain_name:s)
            start-domain(domain:s domain_name:s)
            shutdown-domain(domain:s domain_name:s)
            force-off-domain(domain:s domain_name:s)
            note-next-start(domain:s domain_name:s)
            note-also-assigned(uuid:s domains:as domain_names:as)
            note-vgpu-inactive(uuid:s)
            note-parent-missing(uuid:s parent:s domain:s domain_name:s)
            note-vgpu-transient(uuid:s)
            note-domains-need-vgpu(uuid:s domains:as domain_names:as)
            note-saved-state(domain:s domain_name:s)
            note-videos-removed(domain:s domain_name:s models:as)
            note-videos-restored(domain:s domain_name:s models:as)
            note-videos-kept(domain:s domain_name:s)
            note-videos-not-restored(domain:s domain_name:s models:as)
            note-diff-withheld(action:s)"/>
      </arg>
    </method>
  </interface>`,
  'me.phyllo.Vgpu1.Gpu': `
  <interface name="me.phyllo.Vgpu1.Gpu">
    <property name="DisplayName" type="s" access="read"/>
    <property name="IconName" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="PciDevice" type="o" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Families" type="as" access="read"/>
    <property name="Parents" type="ao" access="read"/>
    <property name="Types" type="ao" access="read"/>
    <property name="Vgpus" type="ao" access="read"/>
    <property name="RenderNode" type="s" access="read"/>

    <method name="CreateVgpu">
      <arg name="type_id" type="s" direction="in"/>
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options"
          value="parent:o uuid:s persistent:b start:b autostart:b attributes:a(ss) operation_id:s auth.no_user_interaction:b"/>
      </arg>
      <arg name="vgpu" type="o" direction="out"/>
    </method>
  </interface>`,
  'me.phyllo.Vgpu1.VgpuType': `
  <interface name="me.phyllo.Vgpu1.VgpuType">
    <property name="Gpu" type="o" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="TypeId" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Name" type="s" access="read"/>
    <property name="DisplayName" type="s" access="read"/>
    <property name="Family" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="DeviceApi" type="s" access="read"/>
    <property name="AvailableInstances" type="u" access="read"/>
    <property name="MaxInstances" type="u" access="read"/>
    <property name="Description" type="s" access="read"/>
    <property name="LowGraphicsMemoryMiB" type="u" access="read"/>
    <property name="HighGraphicsMemoryMiB" type="u" access="read"/>
    <property name="FramebufferMiB" type="u" access="read"/>
    <property name="Fences" type="u" access="read"/>
    <property name="ResolutionWidth" type="u" access="read"/>
    <property name="ResolutionHeight" type="u" access="read"/>
    <property name="Heads" type="u" access="read"/>
    <property name="FrameRateLimit" type="u" access="read"/>
    <property name="Weight" type="u" access="read"/>
  </interface>`,
  'me.phyllo.Vgpu1.PciDevice': `
  <interface name="me.phyllo.Vgpu1.PciDevice">
    <property name="Address" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="ClassId" type="u" access="read"/>
    <property name="ClassName" type="s" access="read"/>
    <property name="VendorId" type="q" access="read"/>
    <property name="VendorName" type="s" access="read"/>
    <property name="ProductId" type="q" access="read"/>
    <property name="ProductName" type="s" access="read"/>
    <property name="Revision" type="y" access="read"/>
    <property name="Driver" type="s" access="read"/>
    <property name="IommuGroup" type="o" access="read"/>
    <property name="NumaNode" type="i" access="read"/>
    <property name="BootVga" type="b" access="read"/>
    <property name="PhysicalFunction" type="o" access="read"/>
    <property name="Domains" type="ao" access="read"/>
  </interface>`,
  'me.phyllo.Vgpu1.IommuGroup': `
  <interface name="me.phyllo.Vgpu1.IommuGroup">
    <property name="Number" type="u" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Devices" type="ao" access="read"/>
  </interface>`,
  'me.phyllo.Vgpu1.MdevParent': `
  <interface name="me.phyllo.Vgpu1.MdevParent">
    <property name="Name" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Gpu" type="o" access="read"/>
    <property name="AvailableInstances" type="a{su}" access="read"/>
    <property name="Vgpus" type="ao" access="read"/>
  </interface>`,
  'me.phyllo.Vgpu1.Vgpu': `
  <interface name="me.phyllo.Vgpu1.Vgpu">
    <property name="Uuid" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="DisplayName" type="s" access="read"/>
    <property name="Backing" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Gpu" type="o" access="read"/>
    <property name="Parent" type="o" access="read"/>
    <property name="ParentName" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Type" type="o" access="read"/>
    <property name="TypeId" type="s" access="read"/>
    <property name="Active" type="b" access="read"/>
    <property name="Persistent" type="b" access="read"/>
    <property name="Autostart" type="b" access="read"/>
    <property name="Attributes" type="a(ss)" access="read"/>
    <property name="State" type="s" access="read"/>
    <property name="IommuGroup" type="o" access="read"/>
    <property name="Domains" type="ao" access="read"/>
    <property name="InUseBy" type="o" access="read"/>

    <method name="Start">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="Stop">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="Define">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="Undefine">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="SetAutostart">
      <arg name="autostart" type="b" direction="in"/>
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
  </interface>`,
  'me.phyllo.Vgpu1.Domain': `
  <interface name="me.phyllo.Vgpu1.Domain">
    <property name="Uuid" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Name" type="s" access="read"/>
    <property name="Title" type="s" access="read"/>
    <property name="OsId" type="s" access="read"/>
    <property name="State" type="s" access="read"/>
    <property name="Persistent" type="b" access="read"/>
    <property name="Autostart" type="b" access="read"/>
    <property name="HasManagedSave" type="b" access="read"/>
    <property name="PendingRestart" type="b" access="read"/>
    <property name="Vgpus" type="ao" access="read"/>
    <property name="MissingVgpus" type="as" access="read"/>
    <property name="PciDevices" type="ao" access="read"/>
    <property name="Videos" type="aa{sv}" access="read">
      <annotation name="me.phyllo.Vgpu1.Keys" value="model:s primary:b heads:u vram_kib:u"/>
    </property>
    <property name="Graphics" type="aa{sv}" access="read">
      <annotation name="me.phyllo.Vgpu1.Keys" value="type:s gl:b"/>
    </property>
    <property name="Console" type="a{sv}" access="read">
      <annotation name="me.phyllo.Vgpu1.Keys" value="type:s path:s"/>
    </property>

    <method name="AssignVgpu">
      <arg name="vgpu" type="o" direction="in"/>
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="recipe:s operation_id:s auth.no_user_interaction:b"/>
      </arg>
      <arg name="steps" type="aa{sv}" direction="out">
        <annotation name="me.phyllo.Vgpu1.Keys" value="id:s args:a{sv} severity:s message:s"/>
      </arg>
    </method>
    <method name="UnassignVgpu">
      <arg name="vgpu" type="o" direction="in"/>
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="restore_video:b operation_id:s auth.no_user_interaction:b"/>
      </arg>
      <arg name="steps" type="aa{sv}" direction="out">
        <annotation name="me.phyllo.Vgpu1.Keys" value="id:s args:a{sv} severity:s message:s"/>
      </arg>
    </method>
    <method name="Start">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="Shutdown">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
    <method name="ForceOff">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="operation_id:s auth.no_user_interaction:b"/>
      </arg>
    </method>
  </interface>`,
  'me.phyllo.Vgpu1.Operation': `
  <interface name="me.phyllo.Vgpu1.Operation">
    <property name="Id" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Kind" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Target" type="o" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="CallerUid" type="u" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="State" type="s" access="read"/>
    <property name="CancelRequested" type="b" access="read"/>
    <property name="ErrorName" type="s" access="read"/>
    <property name="ErrorMessage" type="s" access="read"/>
    <property name="Steps" type="aa{sv}" access="read">
      <annotation name="me.phyllo.Vgpu1.Keys" value="id:s args:a{sv} severity:s message:s state:s error_name:s"/>
    </property>
    <property name="StartedUsec" type="t" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>

    <method name="Cancel">
      <arg name="options" type="a{sv}" direction="in">
        <annotation name="me.phyllo.Vgpu1.Options" value="auth.no_user_interaction:b"/>
      </arg>
    </method>

    <signal name="Completed">
      <arg name="success" type="b"/>
      <arg name="message" type="s"/>
    </signal>
  </interface>`,
};
