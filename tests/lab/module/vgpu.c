// SPDX-License-Identifier: GPL-2.0-only
/* A vGPU: a PCI display controller whose registers do nothing, and whose screen is a region that can be mapped. */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>

#include "vgpu.h"

/* Where a real GPU has its registers. QEMU has a look at them for devices of these vendors; here they are all zero. */
#define REGISTERS_REGION VFIO_PCI_BAR0_REGION_INDEX
#define REGISTERS_SIZE SZ_16M
#define SCREEN_REGION VFIO_PCI_NUM_REGIONS
#define REGION_COUNT (SCREEN_REGION + 1)
#define REGION_SHIFT 40
#define OFFSET_MASK ((1ULL << REGION_SHIFT) - 1)

static struct vgpu *vgpu_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct vgpu, vdev);
}

static size_t picture_size(const struct vgpu *vgpu)
{
	return (size_t)vgpu->type->width * vgpu->type->height * sizeof(u32);
}

static void reset_config(struct vgpu *vgpu)
{
	const struct lab_family *family = vgpu->type->gpu->family;

	memset(vgpu->config, 0, sizeof(vgpu->config));
	*(__le16 *)&vgpu->config[PCI_VENDOR_ID] = cpu_to_le16(family->vendor);
	*(__le16 *)&vgpu->config[PCI_DEVICE_ID] = cpu_to_le16(family->device);
	vgpu->config[PCI_REVISION_ID] = family->revision;
	*(__le16 *)&vgpu->config[PCI_CLASS_DEVICE] = cpu_to_le16(PCI_CLASS_DISPLAY_VGA);
}

static int init(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);

	vgpu->type = lab_type_of(to_mdev_device(vdev->dev)->type);
	reset_config(vgpu);
	return 0;
}

static void release(struct vfio_device *vdev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	vfio_free_device(vdev);
#endif
}

static int open_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);

	vgpu->screen = vmalloc_user(PAGE_ALIGN(picture_size(vgpu)));
	if (!vgpu->screen)
		return -ENOMEM;
	lab_draw_picture(vgpu->screen, vgpu->type->width, vgpu->type->height);
	return 0;
}

static void close_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);

	vfree(vgpu->screen);
	vgpu->screen = NULL;
}

/* Where an access goes, and how much of it there is; NULL when nothing is there. */
static u8 *find_bytes(struct vgpu *vgpu, loff_t position, size_t *count)
{
	u64 offset = position & OFFSET_MASK;
	size_t size;
	u8 *bytes;

	switch (position >> REGION_SHIFT) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		bytes = vgpu->config;
		size = PCI_CFG_SPACE_SIZE;
		break;
	case SCREEN_REGION:
		bytes = vgpu->screen;
		size = PAGE_ALIGN(picture_size(vgpu));
		break;
	default:
		return NULL;
	}
	if (offset >= size)
		return NULL;
	*count = min_t(size_t, *count, size - offset);
	return bytes + offset;
}

static bool in_registers(loff_t position, size_t *count)
{
	u64 offset = position & OFFSET_MASK;

	if (position >> REGION_SHIFT != REGISTERS_REGION || offset >= REGISTERS_SIZE)
		return false;
	*count = min_t(size_t, *count, REGISTERS_SIZE - offset);
	return true;
}

static ssize_t read(struct vfio_device *vdev, char __user *target, size_t count, loff_t *position)
{
	unsigned long left;
	u8 *bytes;

	if (in_registers(*position, &count)) {
		left = clear_user(target, count);
	} else {
		bytes = find_bytes(vgpu_of(vdev), *position, &count);
		if (!bytes)
			return -EINVAL;
		left = copy_to_user(target, bytes, count);
	}
	if (left)
		return -EFAULT;
	*position += count;
	return count;
}

/* A guest can switch the device's memory and bus access; everything else of the configuration stays as it is. */
static int write_config(struct vgpu *vgpu, const char __user *source, size_t count, u64 offset)
{
	u8 written[4];
	size_t i;

	if (count > sizeof(written))
		return -EINVAL;
	if (copy_from_user(written, source, count))
		return -EFAULT;
	for (i = 0; i < count; i++) {
		if (offset + i == PCI_COMMAND)
			vgpu->config[PCI_COMMAND] = written[i] & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	}
	return 0;
}

static ssize_t write(struct vfio_device *vdev, const char __user *source, size_t count, loff_t *position)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	int error = 0;
	u8 *bytes;

	if (in_registers(*position, &count)) {
		*position += count;
		return count;
	}
	bytes = find_bytes(vgpu, *position, &count);
	if (!bytes)
		return -EINVAL;
	if (*position >> REGION_SHIFT == VFIO_PCI_CONFIG_REGION_INDEX)
		error = write_config(vgpu, source, count, *position & OFFSET_MASK);
	else if (copy_from_user(bytes, source, count))
		error = -EFAULT;
	if (error)
		return error;
	*position += count;
	return count;
}

static int map(struct vfio_device *vdev, struct vm_area_struct *area)
{
	const unsigned long shift = REGION_SHIFT - PAGE_SHIFT;

	if (area->vm_pgoff >> shift != SCREEN_REGION)
		return -EINVAL;
	return remap_vmalloc_range(area, vgpu_of(vdev)->screen, area->vm_pgoff & ((1UL << shift) - 1));
}

static long get_info(void __user *argument)
{
	struct vfio_device_info info;
	const size_t size = offsetofend(struct vfio_device_info, num_irqs);

	if (copy_from_user(&info, argument, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = REGION_COUNT;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(argument, &info, size) ? -EFAULT : 0;
}

static long get_region_info(struct vgpu *vgpu, void __user *argument)
{
	struct vfio_region_info info;
	const size_t size = offsetofend(struct vfio_region_info, offset);

	if (copy_from_user(&info, argument, size))
		return -EFAULT;
	if (info.argsz < size || info.index >= REGION_COUNT)
		return -EINVAL;
	info.offset = (u64)info.index << REGION_SHIFT;
	info.cap_offset = 0;
	info.flags = 0;
	info.size = 0;
	if (info.index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		info.size = PCI_CFG_SPACE_SIZE;
	} else if (info.index == REGISTERS_REGION) {
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		info.size = REGISTERS_SIZE;
	} else if (info.index == SCREEN_REGION) {
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP;
		info.size = PAGE_ALIGN(picture_size(vgpu));
	}
	return copy_to_user(argument, &info, size) ? -EFAULT : 0;
}

/* The device raises no interrupts. */
static long get_irq_info(void __user *argument)
{
	struct vfio_irq_info info;
	const size_t size = offsetofend(struct vfio_irq_info, count);

	if (copy_from_user(&info, argument, size))
		return -EFAULT;
	if (info.argsz < size || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = 0;
	info.count = 0;
	return copy_to_user(argument, &info, size) ? -EFAULT : 0;
}

static long query_plane(struct vgpu *vgpu, void __user *argument)
{
	struct vfio_device_gfx_plane_info plane;
	const size_t size = offsetofend(struct vfio_device_gfx_plane_info, region_index);

	if (copy_from_user(&plane, argument, size))
		return -EFAULT;
	if (plane.argsz < size)
		return -EINVAL;
	if (plane.flags == (VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION))
		return 0;
	if (plane.flags != VFIO_GFX_PLANE_TYPE_REGION)
		return -EINVAL;
	/* There is no cursor plane. QEMU does not name the plane when it asks for a region. */
	if (plane.drm_plane_type == DRM_PLANE_TYPE_CURSOR)
		return -EINVAL;
	plane.drm_format = DRM_FORMAT_XRGB8888;
	plane.drm_format_mod = DRM_FORMAT_MOD_LINEAR;
	plane.width = vgpu->type->width;
	plane.height = vgpu->type->height;
	plane.stride = vgpu->type->width * sizeof(u32);
	plane.size = picture_size(vgpu);
	plane.x_pos = 0;
	plane.y_pos = 0;
	plane.x_hot = 0;
	plane.y_hot = 0;
	plane.region_index = SCREEN_REGION;
	return copy_to_user(argument, &plane, size) ? -EFAULT : 0;
}

static long ioctl(struct vfio_device *vdev, unsigned int command, unsigned long argument)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	void __user *pointer = (void __user *)argument;

	switch (command) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(pointer);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(vgpu, pointer);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(pointer);
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return query_plane(vgpu, pointer);
	case VFIO_DEVICE_RESET:
		reset_config(vgpu);
		return 0;
	default:
		return -ENOTTY;
	}
}

const struct vfio_device_ops lab_vgpu_ops = {
	.name = "vgpud-lab",
	.init = init,
	.release = release,
	.open_device = open_device,
	.close_device = close_device,
	.read = read,
	.write = write,
	.mmap = map,
	.ioctl = ioctl,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0) /* Debian 12's kernel is 6.1 */
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#endif
};
