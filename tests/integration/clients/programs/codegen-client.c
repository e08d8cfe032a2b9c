// SPDX-License-Identifier: LGPL-2.1-or-later
// A C client over what gdbus-codegen makes from the contract: a vGPU's life, with typed properties and signals.
// Usage: codegen-client UUID TYPE_ID GPU_PATH. Prints one line for each thing that it saw.
#include <stdio.h>
#include "vgpud.h"

static const guint timeout_s = 15;

static void fail(const char *what, const GError *error) {
  fprintf(stderr, "%s: %s\n", what, error ? error->message : "not in time");
  exit(1);
}

static gboolean on_timeout(gpointer what) {
  fail(what, NULL);
  return G_SOURCE_REMOVE;
}

static void wait_while(const char *what, gboolean (*condition)(gpointer), gpointer data) {
  guint timer = g_timeout_add_seconds(timeout_s, on_timeout, (gpointer)what);
  while (condition(data)) g_main_context_iteration(NULL, TRUE);
  g_source_remove(timer);
}

typedef struct {
  GDBusObjectManager *manager;
  const char *path;
} Place;

static gboolean is_missing(gpointer data) {
  Place *place = data;
  g_autoptr(GDBusObject) object = g_dbus_object_manager_get_object(place->manager, place->path);
  return object == NULL;
}

static gboolean is_there(gpointer data) {
  return !is_missing(data);
}

static gboolean is_inactive(gpointer vgpu) {
  return !vgpud_vgpu_get_active(vgpu);
}

static void on_active(VgpudVgpu *vgpu, GParamSpec *property, gpointer data) {
  (void)property;
  (void)data;
  printf("heard active %d group %s\n", vgpud_vgpu_get_active(vgpu), vgpud_vgpu_get_iommu_group(vgpu));
}

static void try_again(VgpudGpu *gpu, const char *type_id, GVariant *options) {
  g_autoptr(GError) error = NULL;
  if (vgpud_gpu_call_create_vgpu_sync(gpu, type_id, options, NULL, NULL, &error)) fail("a second one was made", NULL);
  g_autofree char *name = g_dbus_error_get_remote_error(error);
  printf("refused %s\n", name);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  GError *error = NULL;
  g_autoptr(GDBusObjectManager) manager = vgpud_object_manager_client_new_for_bus_sync(
      G_BUS_TYPE_SYSTEM, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, "me.phyllo.Vgpu1", "/me/phyllo/Vgpu1",
      NULL, &error);
  if (manager == NULL) fail("no objects", error);
  g_autoptr(GDBusObject) gpu_object = g_dbus_object_manager_get_object(manager, argv[3]);
  VgpudGpu *gpu = gpu_object ? vgpud_object_peek_gpu(VGPUD_OBJECT(gpu_object)) : NULL;
  if (gpu == NULL) fail("no GPU", NULL);
  printf("gpu %s\n", vgpud_gpu_get_display_name(gpu));

  g_autoptr(GVariant) options = g_variant_ref_sink(g_variant_new_parsed("{'uuid': <%s>, 'start': <false>}", argv[1]));
  g_autofree char *path = NULL;
  if (!vgpud_gpu_call_create_vgpu_sync(gpu, argv[2], options, &path, NULL, &error)) fail("CreateVgpu", error);
  Place place = {manager, path};
  wait_while("the new object", is_missing, &place);
  printf("created %s\n", path);
  try_again(gpu, argv[2], options);

  g_autoptr(GDBusObject) vgpu_object = g_dbus_object_manager_get_object(manager, path);
  VgpudVgpu *vgpu = vgpud_object_peek_vgpu(VGPUD_OBJECT(vgpu_object));
  g_autoptr(GDBusObject) type_object = g_dbus_object_manager_get_object(manager, vgpud_vgpu_get_type_(vgpu));
  VgpudVgpuType *type = vgpud_object_peek_vgpu_type(VGPUD_OBJECT(type_object));
  printf("uuid %s active %d persistent %d domains %u\n", vgpud_vgpu_get_uuid(vgpu), vgpud_vgpu_get_active(vgpu),
         vgpud_vgpu_get_persistent(vgpu), g_strv_length((gchar **)vgpud_vgpu_get_domains(vgpu)));
  printf("type %s memory %u MiB\n", vgpud_vgpu_type_get_type_id(type), vgpud_vgpu_type_get_low_graphics_memory_mi_b(type));

  g_signal_connect(vgpu, "notify::active", G_CALLBACK(on_active), NULL);
  GVariant *none = g_variant_ref_sink(g_variant_new_parsed("@a{sv} {}"));
  if (!vgpud_vgpu_call_start_sync(vgpu, none, NULL, &error)) fail("Start", error);
  wait_while("the start", is_inactive, vgpu);
  if (!vgpud_vgpu_call_undefine_sync(vgpu, none, NULL, &error)) fail("Undefine", error);
  if (!vgpud_vgpu_call_stop_sync(vgpu, none, NULL, &error)) fail("Stop", error);
  wait_while("the end", is_there, &place);
  g_variant_unref(none);
  printf("deleted\n");
  return 0;
}
