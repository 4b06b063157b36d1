/* SPDX-License-Identifier: MIT */
#include "fusefs/ctl_face.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <config.h> /* the build's, not fusefs/config.h */

static const struct {
    const char *name;
    bool has_wide, has_odbc2;
} faces[] = {
    {"libodbcguard.so", true, false},
    {"libodbcguard-odbc2.so", false, true},
};

const char *og_face_name(const struct og_shape *shape)
{
    for (size_t i = 0; i < OG_COUNT(faces); i++)
        if (faces[i].has_wide == shape->has_wide && faces[i].has_odbc2 == shape->has_odbc2)
            return faces[i].name;
    return NULL;
}

const char *og_face_words(const struct og_shape *shape)
{
    if (shape->has_wide)
        return shape->has_odbc2 ? "W functions and the ODBC 2 set"
                                : "W functions, without the ODBC 2 set";
    return shape->has_odbc2 ? "no W functions, with the ODBC 2 set"
                            : "neither W functions nor the ODBC 2 set";
}

/* A file as mapped: every offset is checked against its size before it is followed. */
struct image {
    const unsigned char *bytes;
    size_t n_bytes;
};

static const void *at_offset(const struct image *image, uint64_t offset, uint64_t n_bytes)
{
    if (offset > image->n_bytes || n_bytes > image->n_bytes - offset)
        return NULL;
    return image->bytes + offset;
}

static void note_symbol(const char *name, struct og_shape *out, unsigned *n_base)
{
    if (strcmp(name, "SQLAllocHandle") == 0 || strcmp(name, "SQLFetch") == 0)
        ++*n_base;
    else if (strcmp(name, "SQLDriverConnectW") == 0)
        out->has_wide = true;
    else if (strcmp(name, "SQLAllocEnv") == 0)
        out->has_odbc2 = true;
}

static int read_symbols(const struct image *image, const ElfW(Shdr) *symbols,
                        const ElfW(Shdr) *strings, struct og_shape *out)
{
    size_t n_symbols = symbols->sh_size / sizeof(ElfW(Sym));
    const char *names = at_offset(image, strings->sh_offset, strings->sh_size);
    const ElfW(Sym) *table = at_offset(image, symbols->sh_offset, symbols->sh_size);
    unsigned n_base = 0;

    if (!names || !table || !strings->sh_size || names[strings->sh_size - 1])
        return OG_FACE_E_FORMAT;
    for (size_t i = 0; i < n_symbols; i++) {
        ElfW(Sym) symbol;

        memcpy(&symbol, &table[i], sizeof(symbol));
        if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < strings->sh_size)
            note_symbol(names + symbol.st_name, out, &n_base);
    }
    out->is_driver = n_base >= 2;
    return 0;
}

static int read_image(const struct image *image, struct og_shape *out)
{
    const ElfW(Ehdr) *header = at_offset(image, 0, sizeof(*header));
    const ElfW(Shdr) *sections;

    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_DYN ||
        header->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        header->e_shentsize != sizeof(*sections) || header->e_shoff % sizeof(void *))
        return OG_FACE_E_FORMAT;
    sections = at_offset(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(*sections));
    if (!sections)
        return OG_FACE_E_FORMAT;
    for (unsigned i = 0; i < header->e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < header->e_shnum)
            return read_symbols(image, &sections[i], &sections[sections[i].sh_link], out);
    return OG_FACE_E_FORMAT;
}

int og_face_shape(const char *path, struct og_shape *out)
{
    struct image image;
    struct stat info;
    void *bytes;
    int fd, r;

    memset(out, 0, sizeof(*out));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size <= 0) {
        (void)close(fd);
        return OG_FACE_E_FORMAT;
    }
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    r = bytes == MAP_FAILED ? -errno : 0;
    (void)close(fd);
    if (r)
        return r;
    image = (struct image){.bytes = bytes, .n_bytes = (size_t)info.st_size};
    r = read_image(&image, out);
    (void)munmap(bytes, (size_t)info.st_size);
    for (size_t i = 0; i < OG_COUNT(faces); i++) {
        const char *slash = strrchr(path, '/');

        if (strcmp(slash ? slash + 1 : path, faces[i].name) == 0)
            out->is_ours = true;
    }
    return r;
}

static bool is_file(const char *folder, const char *name, char out[static PATH_MAX])
{
    char joined[PATH_MAX];
    int n = snprintf(joined, sizeof(joined), "%s/%s", folder, name);

    return n > 0 && (size_t)n < sizeof(joined) && access(joined, R_OK) == 0 &&
           realpath(joined, out) != NULL;
}

bool og_face_path(const char *folder, const char *name, char out[static PATH_MAX])
{
    char program[PATH_MAX], beside[PATH_MAX + 16];
    ssize_t n;

    if (folder)
        return is_file(folder, name, out);
    n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (n > 0) {
        program[n] = '\0';
        (void)snprintf(beside, sizeof(beside), "%s/../driver", dirname(program));
        if (is_file(beside, name, out))
            return true;
    }
    return is_file(OG_DRIVER_FOLDER, name, out);
}

bool og_face_driver_file(const char *name, char out[static PATH_MAX])
{
    static const char *const patterns[] = {OG_DRIVER_FOLDER "/%s", "/usr/lib/*/odbc/%s",
                                           "/usr/lib/odbc/%s",     "/usr/lib/*/%s",
                                           "/usr/lib/%s",          "/usr/local/lib/%s"};
    char pattern[PATH_MAX];
    bool is_found = false;

    if (strchr(name, '/'))
        return access(name, R_OK) == 0 && realpath(name, out) != NULL;
    if (strpbrk(name, "*?[\\"))
        return false;
    for (size_t i = 0; i < OG_COUNT(patterns) && !is_found; i++) {
        const char *star = strstr(patterns[i], "%s");
        glob_t matches = {.gl_pathc = 0};

        (void)snprintf(pattern, sizeof(pattern), "%.*s%s", (int)(star - patterns[i]),
                       patterns[i], name);
        if (glob(pattern, 0, NULL, &matches) == 0 && matches.gl_pathc)
            is_found = realpath(matches.gl_pathv[0], out) != NULL;
        globfree(&matches);
    }
    return is_found;
}
