/* Runs while the program is built: embed INPUT OUTPUT NAME writes a C file that holds the bytes of INPUT. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "Usage: embed INPUT OUTPUT NAME\n");
        return 2;
    }
    FILE *in = fopen(argv[1], "rb"), *out = in ? fopen(argv[2], "w") : NULL;
    if (!out) {
        perror(argv[in ? 2 : 1]);
        return 1;
    }
    size_t size = 0;
    fprintf(out,
            "#include <stddef.h>\n#include <stdint.h>\n\nextern const uint8_t %s[];\nextern const size_t %s_size;\n",
            argv[3], argv[3]);
    fprintf(out, "const uint8_t %s[] = {", argv[3]);
    for (int byte; (byte = getc(in)) != EOF; size++)
        fprintf(out, "%s%d,", size % 24 ? "" : "\n", byte);
    fprintf(out, "\n};\nconst size_t %s_size = %zu;\n", argv[3], size);
    int failed = ferror(in) | ferror(out) | fclose(out);
    fclose(in);
    return failed ? 1 : 0;
}
